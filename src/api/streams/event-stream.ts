import type { ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import { print } from "graphql-sse";
import { type StreamTimings, WriteProgress } from "./heartbeat";

/** How long a client may take to read the last events after the stream was closed. */
const closeTimeoutMs = 2_000;

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  // A proxy that compresses would hold events back.
  "content-encoding": "none",
};

/**
 * Writes results as server-sent events, with backpressure: the next result is taken only after the previous one was
 * written. The handler of `graphql-sse` buffers in memory what a slow reader has not taken. A reader that takes nothing
 * between two heartbeats is disconnected.
 *
 * @param closed aborted when nothing more is to be delivered
 */
export async function sendEvents(
  response: ServerResponse,
  results: AsyncIterableIterator<ExecutionResult>,
  closed: AbortSignal,
  { heartbeatIntervalMs }: StreamTimings,
): Promise<void> {
  const progress = response.socket && new WriteProgress(response.socket);
  const heartbeat = setInterval(() => {
    if (progress?.isStalled() === true) response.destroy();
    else if (response.socket?.writableLength === 0) response.write(comment);
  }, heartbeatIntervalMs);
  const destroyLater = () => setTimeout(() => response.destroy(), closeTimeoutMs).unref();
  const stopResults = () => void results.return?.();
  closed.addEventListener("abort", destroyLater);
  response.once("close", stopResults);
  try {
    response.writeHead(200, headers);
    // Some browsers report an open stream only after its first bytes.
    let isOpen = await write(response, comment);
    while (isOpen) {
      const { done, value } = (await results.next()) as IteratorResult<ExecutionResult, undefined>;
      isOpen = await write(response, print(done ? complete : { event: "next", data: value }));
      if (done) break;
    }
  } finally {
    clearInterval(heartbeat);
    closed.removeEventListener("abort", destroyLater);
    response.off("close", stopResults);
    response.end();
  }
}

const comment = ":\n\n";
const complete = { event: "complete", data: null } as const;

/** @returns false if the client has disconnected */
function write(response: ServerResponse, text: string): Promise<boolean> {
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
