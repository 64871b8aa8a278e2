import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "graphql-sse";
import { Client, type TestCredential } from "../../support/client";
import { Connection, Reader } from "../../support/streams";
import type { Instance } from "./instance";
import type { Ending } from "./assertions";
import type { Talk } from "./credential-under-test";
import type { Watched } from "./watched-stream";

/** How long the first event of a stream is waited for, in milliseconds. */
const patience = 3_000;

const runEvents = `subscription ($runId: ID!, $after: Int) {
  runEvents(runId: $runId, after: $after) { index ... on RunOutput { text } }
}`;

export type Open = (instance: Instance, credential: TestCredential, talk: Talk) => Promise<Watched | undefined>;

/** Opens a stream of what a run says, and waits until it says something. Undefined where the instance does not answer. */
export const openStreams: readonly Open[] = [openWebSocket, openEventStream];

async function openWebSocket(instance: Instance, credential: TestCredential, talk: Talk): Promise<Watched | undefined> {
  const connection = Connection.of(new Client(instance.url, credential));
  const reader = connection.read(runEvents, variablesOf(talk));
  const ended = connection.closed.then(({ code, reason }): Ending => {
    return { at: performance.now(), how: endings[code] ?? "cut", said: `${code} ${reason}` };
  });
  return watched("a WebSocket", instance, talk, reader, ended, () => connection.close());
}

/** By the code that a WebSocket is closed with. */
const endings: Readonly<Record<number, Ending["how"]>> = { 4403: "refused", 1013: "unavailable" };

async function openEventStream(
  instance: Instance,
  credential: TestCredential,
  talk: Talk,
): Promise<Watched | undefined> {
  const client = createClient({
    url: `${instance.url}/stream`,
    headers: Object.fromEntries(credential ? [credential] : []),
    retryAttempts: 0,
  });
  const reader = new Reader(client.iterate({ query: runEvents, variables: variablesOf(talk) }));
  const ended = reader.end.then((cut): Ending => {
    const at = performance.now();
    const code = reader.results.at(-1)?.errors?.[0]?.extensions.code;
    if (cut !== undefined) return { at, how: "cut", said: messageOf(cut) };
    if (code === undefined) return { at, how: "completed", said: "complete" };
    return { at, how: how[code] ?? "completed", said: code };
  });
  return watched("an event stream", instance, talk, reader, ended, () => client.dispose());
}

/** By the code of the last result of an event stream. */
const how: Readonly<Record<string, Ending["how"]>> = { UNAUTHENTICATED: "refused", UNAVAILABLE: "unavailable" };

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error));

const variablesOf = ({ runId, lastIndex }: Talk) => ({ runId, after: lastIndex });

async function watched(
  kind: string,
  instance: Instance,
  talk: Talk,
  reader: Reader,
  ended: Promise<Ending>,
  leave: () => void,
): Promise<Watched | undefined> {
  const isOpen = await Promise.race([
    reader.until(1).then(
      () => true,
      () => false,
    ),
    delay(patience, false, { ref: false }),
  ]);
  // One that is refused here has been opened too late to be seen ending.
  if (!isOpen || reader.results[0]?.errors) {
    leave();
    return undefined;
  }
  return {
    kind,
    instance,
    ended,
    get lastMadeAt() {
      const last = reader.results.findLast(({ data }) => data?.runEvents.text !== undefined);
      talk.lastIndex = Math.max(talk.lastIndex, (last?.data?.runEvents.index as number | undefined) ?? -1);
      return latestIn((last?.data?.runEvents.text as string | undefined) ?? "");
    },
    leave,
  };
}

/** The time that was told last, which is when the event was made at the earliest. */
const latestIn = (text: string): number => Math.max(0, ...text.trim().split(" ").map(Number));
