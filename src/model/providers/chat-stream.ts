import { EventSourceParserStream, type EventSourceMessage } from "eventsource-parser/stream";
import { limitResponse, ResponseTooLargeError } from "../../platform/outbound/response-limit";
import type { Fetch } from "../../platform/outbound/fetch";
import { ChatChunks, isRecord } from "./chat-chunks";
import { notAnApi } from "./refuse-pages";
import { startOf } from "./response-start";

/** Of an answer that is not streamed, and of one event of a stream. */
const maxJsonChars = 4 * 1_024 * 1_024;
/** Texts of errors by which servers say that there is nothing at a path, with status 200. */
const unknownPath = /unexpected endpoint|unknown (?:endpoint|route|path|url)|\bnot found\b/i;
const done = "[DONE]";

/**
 * Makes a stream of OpenAI's chat completions of what servers send that depart from the protocol, as they mean it: chunks
 * of another form, an answer that is not streamed although a stream was asked for, and text behind the end.
 */
export function readTolerantly(fetch: Fetch): Fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (!answer.ok) return answer;
    const { first, response } = await startOf(answer);
    if (!response.body) return response;
    const events = first === "{" || first === "[" ? streamOf(await wholeAnswer(response)) : repaired(response.body);
    return new Response(events.pipeThrough(new TextEncoderStream()), {
      headers: { "content-type": "text/event-stream" },
    });
  };
}

const eventOf = (value: unknown): string => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;

function streamOf(events: readonly unknown[]): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      for (const event of events) controller.enqueue(eventOf(event));
      controller.close();
    },
  });
}

/** The chunks of an answer that was sent as one JSON document, or as one in each line. */
async function wholeAnswer({ body }: Response): Promise<unknown[]> {
  const limits = { maxBytes: maxJsonChars, maxLineBytes: maxJsonChars };
  const text = await new Response(body?.pipeThrough(limitResponse(limits))).text();
  const whole = parsed(text);
  const values = whole === undefined ? text.split("\n").flatMap((line) => parsed(line) ?? []) : [whole];
  const chunks = new ChatChunks();
  const events = values.flat().map((value) => {
    const chunk = chunks.next(value);
    if (chunk === undefined || isUnknownPath(chunk)) throw notAnApi();
    return chunk;
  });
  return [...events, ...chunks.end(), done];
}

const isUnknownPath = ({ error }: Record<string, unknown>): boolean =>
  isRecord(error) && unknownPath.test(String(error["message"]));

function repaired(body: ReadableStream): ReadableStream<string> {
  const chunks = new ChatChunks();
  return body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .pipeThrough(
      new TransformStream<EventSourceMessage, string>({
        transform({ event, data }, controller) {
          if (data.length > maxJsonChars) throw new ResponseTooLargeError();
          if (data.trim() === done) {
            for (const chunk of chunks.end()) controller.enqueue(eventOf(chunk));
            controller.enqueue(eventOf(done));
            controller.terminate();
            return;
          }
          const value = parsed(data);
          const named = event === "error" && isRecord(value) && !("error" in value) ? { error: value } : value;
          const chunk = chunks.next(named);
          // What is no JSON is passed on, so that it is reported.
          if (chunk || value === undefined) controller.enqueue(eventOf(chunk ?? data));
        },
      }),
    );
}

/** @returns undefined if the text is no JSON */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
