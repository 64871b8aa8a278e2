import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { stalledReaders, longRun, LoudModel } from "../support/stalled-reader";
import { eventually, finished } from "../support/runs";
import { useServer } from "../support/server";
import { transports } from "../support/streams";

const server = useServer({}, { "test:loud": new LoudModel() });

const events = `subscription ($runId: ID!) { runEvents(runId: $runId) { index ... on RunOutput { text } } }`;
const names = Object.keys(transports) as (keyof typeof transports)[];

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function usedMemoryBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test.each(names)(
  "clients that read nothing (%s) delay neither the run nor other clients, and little is buffered for them",
  async (transport) => {
    const { admin } = server.current;
    const runId = await longRun(server.current);
    const stalled = await Promise.all(
      Array.from({ length: 12 }, () => stalledReaders[transport](server.current, runId)),
    );
    const before = usedMemoryBytes();
    const maxBuffered = new Map(stalled.map(({ connection }) => [connection, 0]));
    const sampler = setInterval(() => {
      for (const [connection, seen] of maxBuffered)
        maxBuffered.set(connection, Math.max(seen, connection.writableLength));
    }, 5);

    const readAll = async () => {
      const results = await transports[transport](admin, events, { runId }).all();
      return results.map(({ data }) => data.runEvents.text ?? "").join("");
    };
    expect(await readAll()).toBe("x".repeat(12_000_000));
    expect((await finished(admin, runId)).status).toBe("SUCCEEDED");

    // The events by now far exceed the buffers of the network. This must be observed within two heartbeats, after which
    // the server disconnects clients that do not answer.
    await eventually(() => [...maxBuffered.values()].every((bytes) => bytes > 0));
    await delay(300);
    clearInterval(sampler);
    expect(Math.max(...maxBuffered.values())).toBeLessThan(200_000);
    // Buffering all undelivered events would take some 100 MB.
    expect(usedMemoryBytes() - before).toBeLessThan(60_000_000);
    for (const { client } of stalled) client.destroy();
    await eventually(() => stalled.every(({ connection }) => connection.destroyed));
  },
  240_000,
);
