import type { ServerResponse } from "node:http";
import type { ExecutionResult } from "graphql";
import { print } from "graphql-sse";
import { type StreamTimings, WriteProgress } from "./heartbeat";

/** How long a client may take for the last that it is told, in milliseconds. */
const patience = 2_000;

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  // Proxies that compress would keep events back.
  "content-encoding": "none",
};

/**
 * Writes results as server-sent events, as `graphql-sse` does. That takes results from their source as fast as they come
 * and keeps in memory what a slow reader has not taken; here a result is asked for once the one before has left. A reader
 * that takes nothing from one heartbeat to the next is cut off.
 *
 * @param over given when nothing more is to be told
 */
export async function sendEvents(
  response: ServerResponse,
  results: AsyncIterableIterator<ExecutionResult>,
  over: AbortSignal,
  { heartbeatIntervalMs }: StreamTimings,
): Promise<void> {
  const flow = response.socket && new WriteProgress(response.socket);
  const beat = setInterval(() => {
    if (flow?.isStalled() === true) response.destroy();
    else if (response.socket?.writableLength === 0) response.write(comment);
  }, heartbeatIntervalMs);
  const cutOff = () => setTimeout(() => response.destroy(), patience).unref();
  const leave = () => void results.return?.();
  over.addEventListener("abort", cutOff);
  response.once("close", leave);
  try {
    response.writeHead(200, headers);
    // Some browsers take a stream for open only once something of it is there.
    let isOpen = await written(response, comment);
    while (isOpen) {
      const { done, value } = (await results.next()) as IteratorResult<ExecutionResult, undefined>;
      isOpen = await written(response, print(done ? complete : { event: "next", data: value }));
      if (done) break;
    }
  } finally {
    clearInterval(beat);
    over.removeEventListener("abort", cutOff);
    response.off("close", leave);
    response.end();
  }
}

const comment = ":\n\n";
const complete = { event: "complete", data: null } as const;

/** @returns false where the client has gone */
function written(response: ServerResponse, text: string): Promise<boolean> {
  if (!response.writable) return Promise.resolve(false);
  return new Promise((resolve) => {
    const gone = () => resolve(false);
    response.once("close", gone);
    response.write(text, (error) => {
      response.off("close", gone);
      resolve(error == null);
    });
  });
}
