import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { sharedEnvironment } from "../support/instances";
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
/** The process to kill, and the delay after the previous one has restarted. */
const plannedKills = fc.array(fc.record({ victim, delayMs: fc.noBias(fc.integer({ min: 0, max: 1_000 })) }), {
  minLength: kills,
  maxLength: kills,
});

test(`each of 100 concurrent runs ends once and has one answer while a server and two workers are killed ${kills} times and Redis is flushed, restarted and down`, async () => {
  const shared = sharedEnvironment(await processes.fresh(), models.current, { REDIS_URL: redis.url });
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
    fc.asyncProperty(fc.noShrink(plannedKills), async (planned) => {
      const load = await RunLoad.start(await server.newApp(), models.current.baseUrl, 100);
      try {
        const redisFaults = injectRedisFaults();
        for (const { victim: name, delayMs } of planned) {
          await delay(delayMs);
          await kill(name);
        }
        await redisFaults;
        await load.end();
        await load.expectComplete();
        expect(load.count("INTERRUPTED")).toBeGreaterThan(0);
        expect(load.count("SUCCEEDED")).toBeGreaterThan(100);
      } finally {
        load.abort();
      }
    }),
    { numRuns: 1, endOnFailure: true },
  );
}, 1_200_000);

/** Flushes Redis, restarts it, and stops it for 6 s. */
async function injectRedisFaults(): Promise<void> {
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
