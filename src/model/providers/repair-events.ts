import type { Fetch } from "../../platform/outbound/fetch";
import { eventsOf, type ReceivedEvent } from "../../platform/outbound/server-sent-events";
import { isRecord, type Json, parsed } from "../json";
import { notAnApi } from "./refuse-pages";

/** Changes an event into what the AI SDK takes. @returns undefined if it is to be left out */
export type Repair = (event: Json) => Json | undefined;

/**
 * Reads streams of providers whose events the AI SDK refuses as a whole for one event that is empty, that is not ended, or
 * that is of a kind that it does not know.
 *
 * @param repairOf creates the repair of one stream
 */
export function repairEvents(fetch: Fetch, repairOf: () => Repair = () => (event) => event): Fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    const { body, status, statusText, headers } = answer;
    if (!answer.ok || !body) return answer;
    const repair = repairOf();
    const events = eventsOf(body, notAnApi).pipeThrough(
      new TransformStream<ReceivedEvent, string>({
        transform(event, controller) {
          for (const line of linesOf(event)) {
            const value = parsed(line);
            const repaired = isRecord(value) ? repair(value) : line;
            if (repaired !== undefined) controller.enqueue(eventOf(repaired));
          }
        },
      }),
    );
    return new Response(events.pipeThrough(new TextEncoderStream()), { status, statusText, headers });
  };
}

export const eventOf = (value: unknown): string =>
  `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;

/** The text by which OpenAI's chat completions end. */
export const done = "[DONE]";

/**
 * The texts in an event that are each one chunk: usually one. Some servers send events without data to keep a connection
 * open, or several chunks in the lines of one event. A last chunk that is cut off is left out.
 */
export function linesOf({ data, isLast }: ReceivedEvent): string[] {
  const isOne = !data.includes("\n") || parsed(data) !== undefined;
  const lines = isOne ? [data.replaceAll("\n", " ")] : data.split("\n");
  const isWhole = (line: string) => !isLast || line.trim() === done || parsed(line) !== undefined;
  return lines.filter((line) => line.trim() !== "" && isWhole(line));
}
