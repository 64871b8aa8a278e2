import { setTimeout as delay } from "node:timers/promises";
import { sceneOn, sharedEnvironment, startTwoWorkers } from "../../support/instances";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { FaultProxy } from "../../support/proxy";
import { RedisServer } from "../../support/redis";
import { cancel, eventsOf, eventually, execute, expectWhole, finished } from "../../support/runs";
import { transports } from "../../support/streams";

const events = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;
const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`;
const processes = useProcesses();
const model = useModelServer();
let redis: RedisServer;
beforeEach(async () => {
  redis = await RedisServer.start();
});
afterEach(() => redis.stop());

const complaint = "Redis is unavailable; runs continue without it";

test("every accepted run is executed once while Redis is flushed, stopped and restarted", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current, { REDIS_URL: redis.url });
  const agentId = await agent("drip");
  const ids: string[] = [];
  const accept = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const before = performance.now();
      ids.push((await execute(key, { agentId, session: { reference: `${i % 3}` }, waitMs: 0 })).run.id as string);
      expect(performance.now() - before).toBeLessThan(1_500);
    }
  };
  const prefix = server.environment["REDIS_PREFIX"];
  const queue = (list: string) => redis.ask((connection) => connection.llen(`${prefix}:runs:${list}`));

  await accept(6);
  await redis.ask((connection) => connection.flushall());
  await accept(6);
  await redis.stop();
  await accept(6);
  for (const id of ids) expect((await finished(key, id)).status).toBe("SUCCEEDED");

  await redis.start();
  // Wait until the server has reconnected.
  await eventually(async () => {
    await accept(1);
    await delay(500);
    return (await redis.ask((each) => each.get(`${prefix}:runs:id`))) !== null;
  });
  await accept(6);
  for (const id of ids) {
    const run = await finished(key, id);
    expect(run.status).toBe("SUCCEEDED");
    expectWhole(await eventsOf(key, id), run);
  }
  // The queue used Redis again, and is empty.
  expect(Number(await redis.ask((each) => each.get(`${prefix}:runs:id`)))).toBeGreaterThanOrEqual(6);
  await eventually(async () => (await queue("wait")) === 0 && (await queue("active")) === 0);
  expect(await redis.ask((each) => each.keys(`${prefix}:runs:[0-9]*`))).toEqual([]);

  for (const each of [server, ...workers]) {
    expect(each.log.filter(({ msg }) => msg === complaint).length).toBeLessThan(4);
    expect(each.log.filter(({ level }) => level === "error")).toEqual([]);
    expect(await each.end()).toBe(0);
  }
}, 120_000);

test("a run on another instance is cancelled within a second while Redis is down", async () => {
  const { key, agent } = await startTwoWorkers(processes, model.current, { REDIS_URL: redis.url });
  await redis.stop();
  const text = "Go on, without Redis.";
  const { run } = await execute(key, { agentId: await agent("talk"), text, waitMs: 0 });
  await eventually(() => model.current.callsWith(text).length === 1);
  const before = performance.now();
  expect((await cancel(key, run.id)).status).toBe("CANCELLED");
  expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
  expect(performance.now() - before).toBeLessThan(1_000);
});

test.each(["is down", "hangs"])("while Redis %s, instances start, execute runs, and stop in time", async (state) => {
  const shared = sharedEnvironment(await processes.fresh(), model.current, { REDIS_URL: redis.url });
  if (state === "hangs") redis.hang();
  else await redis.stop();

  const [server, worker] = [await processes.serve({ ...shared, RUN_WORKER: "off" }), await processes.work(shared)];
  const { key, agent } = await sceneOn(server, model.current);
  const { run } = await execute(key, { agentId: await agent("good"), text: "What colour?" });
  expect(run.status).toBe("SUCCEEDED");
  if (state === "is down") expect(server.log.map(({ msg }) => msg)).toContain(complaint);

  const signalledAt = performance.now();
  expect(await Promise.all([server.end(), worker.end()])).toEqual([0, 0]);
  expect(performance.now() - signalledAt).toBeLessThan(8_000);
});

test.each(["is unreachable because packets are dropped", "is suspended"])(
  "while Redis %s, requests are answered within two seconds, and runs are executed and cancelled",
  async (state) => {
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: redis.port });
    try {
      const environment = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
      const shared = sharedEnvironment(await processes.fresh(), model.current, environment);
      const server = await processes.serve({ ...shared, RUN_WORKER: "off" });
      const worker = await processes.work(shared);
      const { key, agent, app } = await sceneOn(server, model.current);
      const [good, talk] = [await agent("good"), await agent("talk")];
      await execute(key, { agentId: good });
      const withinTwoSeconds = async <Result>(work: Promise<Result>): Promise<Result> => {
        const startedAt = performance.now();
        const result = await work;
        expect(performance.now() - startedAt).toBeLessThan(2_000);
        return result;
      };

      if (state === "is suspended") redis.hang();
      else await proxy.hang();
      // The first time the instances still consider Redis available, the second time they do not.
      for (const text of ["Go on, though it hangs.", "Go on, as it hangs."]) {
        const { run } = await withinTwoSeconds(execute(key, { agentId: talk, text, waitMs: 0 }));
        const reader = transports.WebSocket(key, events, { runId: run.id });
        await reader.until(3);
        expect((await withinTwoSeconds(cancel(key, run.id))).status).toBe("CANCELLED");
        expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
        await withinTwoSeconds(reader.all());
        expect((await execute(key, { agentId: good, text, waitMs: 5_000 })).run.status).toBe("SUCCEEDED");

        const other = await app.key();
        const { run: otherRun } = await execute(other, { agentId: talk, text: `Go on: ${text}`, waitMs: 0 });
        const stream = transports.WebSocket(other, events, { runId: otherRun.id });
        await stream.until(1);
        await withinTwoSeconds(server.admin.data(revoke, { id: other.keyId }));
        expect(await withinTwoSeconds(stream.end)).toMatchObject({ code: 4403 });
        await cancel(key, otherRun.id);
        // By now, both instances have closed their connections to Redis.
        for (const each of [server, worker]) await eventually(() => each.log.some(({ msg }) => msg === complaint));
      }
      if (state === "is suspended") redis.wake();
      else await proxy.mend();

      const queuedCount = async () => Number(await redis.ask((each) => each.get(`${shared["REDIS_PREFIX"]}:runs:id`)));
      const before = await queuedCount();
      await eventually(async () => {
        await execute(key, { agentId: good });
        return (await queuedCount()) > before;
      });
      expect(await Promise.all([server, worker].map((each) => each.end()))).toEqual([0, 0]);
    } finally {
      await proxy.stop();
    }
  },
);

test("when Redis starts to hang, no request is delayed, and instances stop in time", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current, { REDIS_URL: redis.url });
  redis.hang();
  const { run } = await execute(key, { agentId: await agent("good"), text: "What colour?" });
  expect(run.status).toBe("SUCCEEDED");
  expect(Date.parse(run.finishedAt as string) - Date.parse(run.createdAt as string)).toBeLessThan(5_000);
  const signalledAt = performance.now();
  expect(await Promise.all([server, ...workers].map((each) => each.end()))).toEqual([0, 0, 0]);
  expect(performance.now() - signalledAt).toBeLessThan(8_000);
});
