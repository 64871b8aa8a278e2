import type { ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import { print, type StreamMessage } from "graphql-sse";
import { SerializedResult } from "../graphql/serialization";
import { type StreamTimings, WriteProgress } from "./heartbeat";

/** A client may take this long to read the last events of a closed stream. */
const closeTimeoutMs = 2_000;

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  // A proxy that compresses would hold events back.
  "content-encoding": "none",
  // So that nginx does not buffer, as it does by default.
  "x-accel-buffering": "no",
};

export interface StreamEvent {
  readonly event: "next" | "complete";
  readonly data: unknown;
  /** With which a client can resume; left out if it can't. */
  readonly id?: number | undefined;
}

export interface EventStream {
  readonly events: AsyncIterableIterator<StreamEvent>;
  /** Ends what the events come from, also while the next one is awaited. */
  stop(): void;
  /** Aborted when nothing more is to be delivered. */
  readonly closed: AbortSignal;
  /**
   * Counts bytes that wait for the client, until the returned function is called.
   *
   * @throws LIMIT_REACHED
   */
  takeUnread(bytes: number): () => void;
  /** The last events of a stream that fails. */
  eventsOf(error: unknown): readonly StreamEvent[];
}

/** The events of one operation that has a stream of its own. */
export async function* eventsOf(
  results: AsyncIterableIterator<ExecutionResult>,
  idOf: (result: ExecutionResult) => number | undefined,
): AsyncGenerator<StreamEvent, undefined> {
  for await (const result of results) yield { event: "next", data: result, id: idOf(result) };
  yield complete;
  return undefined;
}

/**
 * Writes server-sent events, with backpressure: the next event is taken only after the previous one was
 * written. The handler of `graphql-sse` buffers in memory what a slow reader has not taken. A reader that takes nothing
 * between two heartbeats is disconnected.
 */
export async function sendEvents(
  response: ServerResponse,
  stream: EventStream,
  { heartbeatIntervalMs }: StreamTimings,
): Promise<void> {
  const { events, closed } = stream;
  const progress = response.socket && new WriteProgress(response.socket);
  const heartbeat = setInterval(() => {
    if (progress?.isStalled() === true) response.destroy();
    else if (response.socket?.writableLength === 0) response.write(comment);
  }, heartbeatIntervalMs);
  const destroyLater = () => setTimeout(() => response.destroy(), closeTimeoutMs).unref();
  const stopEvents = () => stream.stop();
  closed.addEventListener("abort", destroyLater);
  response.once("close", stopEvents);
  try {
    response.writeHead(200, headers);
    // Some browsers report an open stream only after its first bytes.
    let isOpen = await write(response, comment);
    while (isOpen) {
      const { done, value } = (await events.next()) as IteratorResult<StreamEvent, undefined>;
      if (done) break;
      isOpen = await writeEvent(response, stream, value);
    }
  } finally {
    clearInterval(heartbeat);
    closed.removeEventListener("abort", destroyLater);
    response.off("close", stopEvents);
    response.end();
  }
}

const comment = ":\n\n";
export const complete: StreamEvent = { event: "complete", data: null };

/** In the form of the protocol, whose types are narrower than what it can carry. */
const textOf = ({ event, data }: StreamEvent): string => print({ event, data } as StreamMessage<true, "next">);

/** @returns false if nothing more is to be written */
async function writeEvent(response: ServerResponse, stream: EventStream, event: StreamEvent): Promise<boolean> {
  const { id } = event;
  const text = SerializedResult.embed(id === undefined ? textOf(event) : `id: ${id}\n${textOf(event)}`);
  let release: () => void;
  try {
    release = stream.takeUnread(Buffer.byteLength(text));
  } catch (error) {
    stream.stop();
    await write(response, stream.eventsOf(error).map(textOf).join(""));
    return false;
  }
  try {
    return await write(response, text);
  } finally {
    release();
  }
}

/** @returns false if the client has disconnected */
function write(response: ServerResponse, text: string | Buffer): Promise<boolean> {
  if (!response.writable) return Promise.resolve(false);
  return new Promise((resolve) => {
    const disconnected = () => resolve(false);
    response.once("close", disconnected);
    response.write(text, (error) => {
      response.off("close", disconnected);
      resolve(error == null);
    });
  });
}
