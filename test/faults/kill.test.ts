import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { allowHosts } from "../support/allowed-hosts";
import { useModelServer } from "../support/model-server";
import { type Environment, useProcesses } from "../support/process";
import { RunLoad } from "../support/run-load";

const models = useModelServer();
const processes = useProcesses();

const kills = 50;
/** The delay before each kill, in milliseconds. */
const killDelays = fc.array(fc.noBias(fc.integer({ min: 0, max: 1_000 })), { minLength: kills, maxLength: kills });

test(`each of 100 concurrent runs ends once and has one answer while the server is killed ${kills} times`, async () => {
  const fresh: Environment = { ...(await processes.fresh()), ...allowHosts("127.0.0.1"), MAX_RUNNING_RUNS: "200" };
  let server = await processes.serve(fresh);
  await fc.assert(
    fc.asyncProperty(fc.noShrink(killDelays), async (delays) => {
      const load = await RunLoad.start(await server.newApp(), models.current.baseUrl, 100);
      try {
        for (const ms of delays) {
          await delay(ms);
          await server.end("SIGKILL");
          server = await processes.serve(server.environment);
        }
        await load.end();
        await load.expectComplete();
        expect(load.count("INTERRUPTED")).toBeGreaterThan(0);
        expect(load.count("SUCCEEDED")).toBeGreaterThan(0);
      } finally {
        load.abort();
      }
    }),
    { numRuns: 1, endOnFailure: true },
  );
}, 900_000);
