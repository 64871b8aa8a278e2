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
const collect = runInNewContext("gc") as () => void;

/** In use, in bytes. */
function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test.each(names)(
  "who reads nothing (%s) holds up neither the run nor others, and little is kept",
  async (transport) => {
    const { admin } = server.current;
    const runId = await longRun(server.current);
    const idle = await Promise.all(Array.from({ length: 12 }, () => stalledReaders[transport](server.current, runId)));
    const before = memory();
    const most = new Map(idle.map(({ connection }) => [connection, 0]));
    const looking = setInterval(() => {
      for (const [connection, seen] of most) most.set(connection, Math.max(seen, connection.writableLength));
    }, 5);

    const readAll = async () => {
      const results = await transports[transport](admin, events, { runId }).all();
      return results.map(({ data }) => data.runEvents.text ?? "").join("");
    };
    expect(await readAll()).toBe("x".repeat(12_000_000));
    expect((await finished(admin, runId)).status).toBe("SUCCEEDED");

    // What there is to be told by now is far more than the network keeps for them. It is told before they are missed,
    // which who doesn't answer is after two heartbeats.
    await eventually(() => [...most.values()].every((bytes) => bytes > 0));
    await delay(300);
    clearInterval(looking);
    expect(Math.max(...most.values())).toBeLessThan(200_000);
    // All that they were not told would be some 100 MB.
    expect(memory() - before).toBeLessThan(40_000_000);
    for (const { client } of idle) client.destroy();
    await eventually(() => idle.every(({ connection }) => connection.destroyed));
  },
  240_000,
);
