import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-sse";
import { Client, type TestCredential } from "../../support/client";
import { Connection, Reader } from "../../support/streams";
import type { Instance } from "./instance";
import type { Ending } from "./assertions";
import type { ClockRun } from "./credential-under-test";
import type { WatchedStream } from "./watched-stream";

const firstEventTimeoutMs = 3_000;

const runEvents = `subscription ($runId: ID!, $after: Int) {
  runEvents(runId: $runId, after: $after) { index ... on RunOutput { text } }
}`;

export type OpenStream = (
  instance: Instance,
  credential: TestCredential,
  run: ClockRun,
) => Promise<WatchedStream | undefined>;

/**
 * For each transport, opens a stream of a run's events, and waits for the first event. The result is undefined if the
 * instance does not respond.
 */
export const openStreams: readonly OpenStream[] = [openWebSocket, openEventStream];

async function openWebSocket(
  instance: Instance,
  credential: TestCredential,
  run: ClockRun,
): Promise<WatchedStream | undefined> {
  const connection = Connection.of(new Client(instance.url, credential));
  const reader = connection.read(runEvents, variablesOf(run));
  const ended = connection.closed.then(({ code, reason }): Ending => {
    return { at: performance.now(), outcome: outcomeByCloseCode[code] ?? "disconnected", reason: `${code} ${reason}` };
  });
  return watch("a WebSocket", instance, run, reader, ended, () => connection.close());
}

const outcomeByCloseCode: Readonly<Record<number, Ending["outcome"]>> = { 4403: "refused", 1013: "unavailable" };

async function openEventStream(
  instance: Instance,
  credential: TestCredential,
  run: ClockRun,
): Promise<WatchedStream | undefined> {
  const client = createClient({
    url: `${instance.url}/stream`,
    headers: Object.fromEntries(credential ? [credential] : []),
    retryAttempts: 0,
  });
  const reader = new Reader(client.iterate({ query: runEvents, variables: variablesOf(run) }));
  const ended = reader.end.then((error): Ending => {
    const at = performance.now();
    const code = reader.results.at(-1)?.errors?.[0]?.extensions.code;
    if (error !== undefined) return { at, outcome: "disconnected", reason: messageOf(error) };
    if (code === undefined) return { at, outcome: "completed", reason: "complete" };
    return { at, outcome: outcomeByErrorCode[code] ?? "completed", reason: code };
  });
  return watch("an event stream", instance, run, reader, ended, () => client.dispose());
}

/** By the error code of the last result. */
const outcomeByErrorCode: Readonly<Record<string, Ending["outcome"]>> = {
  UNAUTHENTICATED: "refused",
  UNAVAILABLE: "unavailable",
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error));

const variablesOf = ({ runId, lastIndex }: ClockRun) => ({ runId, after: lastIndex });

async function watch(
  name: string,
  instance: Instance,
  run: ClockRun,
  reader: Reader,
  ended: Promise<Ending>,
  close: () => void,
): Promise<WatchedStream | undefined> {
  const isOpen = await Promise.race([
    reader.until(1).then(
      () => true,
      () => false,
    ),
    delay(firstEventTimeoutMs, false, { ref: false }),
  ]);
  // A stream that is refused immediately was opened too late to observe its end.
  if (!isOpen || reader.results[0]?.errors) {
    close();
    return undefined;
  }
  return {
    name,
    instance,
    ended,
    get lastProducedAt() {
      const last = reader.results.findLast(({ data }) => data?.runEvents.text !== undefined);
      run.lastIndex = Math.max(run.lastIndex, (last?.data?.runEvents.index as number | undefined) ?? -1);
      return latestIn((last?.data?.runEvents.text as string | undefined) ?? "");
    },
    close,
  };
}

/** The latest time in the text of an event. The event was produced at this time or later. */
const latestIn = (text: string): number => Math.max(0, ...text.trim().split(" ").map(Number));
