import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { sharedBy } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { type TestProcess, useProcesses } from "../support/process";
import { RedisServer } from "../support/redis";
import { RunLoad } from "../support/run-load";
import { fastTimings } from "../support/timings";

const models = useModelServer();
const processes = useProcesses(fastTimings);
let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

const kills = 50;
const victim = fc.constantFrom("server", "one worker", "other worker");
/** Whom to kill next, and how long after the one before is back, in milliseconds. */
const deaths = fc.array(fc.record({ victim, ms: fc.noBias(fc.integer({ min: 0, max: 1_000 })) }), {
  minLength: kills,
  maxLength: kills,
});

test(`with a server and two workers killed ${kills} times while 100 runs are going, and Redis flushed, restarted and away, each run comes to one end and says its answer once`, async () => {
  const shared = sharedBy(await processes.fresh(), models.current, { REDIS_URL: redis.url });
  let server = await processes.serve({ ...shared, RUN_WORKER: "off" });
  const workers = {
    "one worker": await processes.work(shared),
    "other worker": await processes.work(shared),
  };
  const kill = async (name: "server" | keyof typeof workers) => {
    const killed: TestProcess = name === "server" ? server : workers[name];
    await killed.end("SIGKILL");
    if (name === "server") server = await processes.serve(killed.environment);
    else workers[name] = await processes.work(shared);
  };

  await fc.assert(
    fc.asyncProperty(fc.noShrink(deaths), async (planned) => {
      const load = await RunLoad.start(await server.newApp(), models.current.baseUrl, 100);
      try {
        const disturbed = disturb();
        for (const { victim: name, ms } of planned) {
          await delay(ms);
          await kill(name);
        }
        await disturbed;
        await load.end();
        await load.expectWhole();
        expect(load.count("INTERRUPTED")).toBeGreaterThan(0);
        expect(load.count("SUCCEEDED")).toBeGreaterThan(100);
      } finally {
        load.giveUp();
      }
    }),
    { numRuns: 1, endOnFailure: true },
  );
}, 600_000);

/** While the others are killed: Redis loses what it knew, is there again at once, and is away for 6 s. */
async function disturb(): Promise<void> {
  await delay(5_000);
  await redis.ask((connection) => connection.flushall());
  await delay(5_000);
  await redis.stop();
  await redis.start();
  await delay(5_000);
  await redis.stop();
  await delay(6_000);
  await redis.start();
}
