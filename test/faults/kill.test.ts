import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { useModelServer } from "../support/model-server";
import { type Environment, useProcesses } from "../support/process";
import { RunLoad } from "../support/run-load";

const models = useModelServer();
const processes = useProcesses();

const kills = 50;
/** How long the server serves before it is killed, in milliseconds. */
const moments = fc.array(fc.noBias(fc.integer({ min: 0, max: 1_000 })), { minLength: kills, maxLength: kills });

test(`killed ${kills} times while 100 runs are going, a server brings each of them to one end and says each answer once`, async () => {
  const fresh: Environment = { ...(await processes.fresh()), MODEL_ALLOWED_HOSTS: "127.0.0.1" };
  let server = await processes.serve(fresh);
  await fc.assert(
    fc.asyncProperty(fc.noShrink(moments), async (delays) => {
      const load = await RunLoad.start(await server.newApp(), models.current.baseUrl, 100);
      try {
        for (const ms of delays) {
          await delay(ms);
          await server.end("SIGKILL");
          server = await processes.serve(server.environment);
        }
        await load.end();
        await load.expectWhole();
        expect(load.count("INTERRUPTED")).toBeGreaterThan(0);
        expect(load.count("SUCCEEDED")).toBeGreaterThan(0);
      } finally {
        load.giveUp();
      }
    }),
    { numRuns: 1, endOnFailure: true },
  );
}, 400_000);
