import { limitResponse } from "../../platform/outbound/response-limit";
import type { Fetch } from "../../platform/outbound/fetch";
import { eventsOf, type ReceivedEvent } from "../../platform/outbound/server-sent-events";
import { ChatChunks } from "./chat-chunks";
import { errorCodeOf } from "../provider-code";
import { isRecord, type Json, parsed } from "../json";
import { noSuchModel, notAnApi } from "./refuse-pages";
import { done, eventOf, linesOf } from "./repair-events";
import { isJson, startOf } from "../../platform/outbound/response-start";

/** Of an answer that is not streamed. */
const maxJsonChars = 4 * 1_024 * 1_024;
/** Texts of errors by which servers say that there is nothing at a path, with status 200. */
const unknownPath = /unexpected endpoint|unknown (?:endpoint|route|path|url)|\bnot found\b/i;
const unknownModel = /\bmodel\b.*(?:\bnot found\b|\bnot exist\b)/i;
/** An error says at its beginning what it is about. */
const maxErrorChars = 500;

/**
 * Makes a stream of OpenAI's chat completions of what servers send that depart from the protocol, as they mean it: chunks
 * of another form, an answer that is not streamed although a stream was asked for, and text behind the end.
 */
export function readTolerantly(fetch: Fetch): Fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (!answer.ok) return answer;
    const { start, response } = await startOf(answer);
    if (!response.body) return response;
    const events = isJson(start) ? streamOf(await wholeAnswer(response)) : repaired(response.body);
    return new Response(events.pipeThrough(new TextEncoderStream()), {
      headers: { "content-type": "text/event-stream" },
    });
  };
}

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
    if (chunk === undefined) throw notAnApi();
    if (isRecord(chunk["error"])) refuseUnknown(chunk["error"]);
    return chunk;
  });
  return [...events, ...chunks.end(), done];
}

/** @throws {ModelError} if an error says that there is no such model, or nothing at the address */
function refuseUnknown(error: Json): void {
  const text = String(error["message"]).slice(0, maxErrorChars);
  if (errorCodeOf(error) === "model_not_found" || unknownModel.test(text)) throw noSuchModel();
  if (error["code"] == null && unknownPath.test(text)) throw notAnApi();
}

function repaired(body: ReadableStream): ReadableStream<string> {
  const chunks = new ChatChunks();
  return eventsOf(body, notAnApi).pipeThrough(
    new TransformStream<ReceivedEvent, string>({
      transform(event, controller) {
        for (const line of linesOf(event)) {
          if (line.trim() === done) {
            for (const chunk of chunks.end()) controller.enqueue(eventOf(chunk));
            controller.enqueue(eventOf(done));
            controller.terminate();
            return;
          }
          const value = parsed(line);
          const named = event.event === "error" && isRecord(value) && !("error" in value) ? { error: value } : value;
          const chunk = chunks.next(named);
          // A text that is no JSON is passed on, so that it is reported.
          if (chunk || value === undefined) controller.enqueue(eventOf(chunk ?? line));
        }
      },
    }),
  );
}
