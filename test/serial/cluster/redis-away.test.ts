import { setTimeout as delay } from "node:timers/promises";
import { sceneOn, sharedBy, twoWorkers } from "../../support/instances";
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

test("whatever becomes of Redis, what was accepted is carried out, once", async () => {
  const { server, workers, key, agent } = await twoWorkers(processes, model.current, { REDIS_URL: redis.url });
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
  // Until the server has found its way to it.
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
  // The tickets went through it again, and nothing of them is left.
  expect(Number(await redis.ask((each) => each.get(`${prefix}:runs:id`)))).toBeGreaterThanOrEqual(6);
  await eventually(async () => (await queue("wait")) === 0 && (await queue("active")) === 0);
  expect(await redis.ask((each) => each.keys(`${prefix}:runs:[0-9]*`))).toEqual([]);

  for (const each of [server, ...workers]) {
    expect(each.log.filter(({ msg }) => msg === complaint).length).toBeLessThan(4);
    expect(each.log.filter(({ level }) => level === "error")).toEqual([]);
    expect(await each.end()).toBe(0);
  }
}, 120_000);

test("a run is cancelled on another machine within a second also while Redis is away", async () => {
  const { key, agent } = await twoWorkers(processes, model.current, { REDIS_URL: redis.url });
  await redis.stop();
  const text = "Go on, without Redis.";
  const { run } = await execute(key, { agentId: await agent("talk"), text, waitMs: 0 });
  await eventually(() => model.current.callsWith(text).length === 1);
  const before = performance.now();
  expect((await cancel(key, run.id)).status).toBe("CANCELLED");
  expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
  expect(performance.now() - before).toBeLessThan(1_000);
});

test.each(["is away", "hangs"])("while Redis %s, instances start, serve, and stop in time", async (how) => {
  const shared = sharedBy(await processes.fresh(), model.current, { REDIS_URL: redis.url });
  if (how === "hangs") redis.hang();
  else await redis.stop();

  const [server, worker] = [await processes.serve({ ...shared, RUN_WORKER: "off" }), await processes.work(shared)];
  const { key, agent } = await sceneOn(server, model.current);
  const { run } = await execute(key, { agentId: await agent("good"), text: "What colour?" });
  expect(run.status).toBe("SUCCEEDED");
  if (how === "is away") expect(server.log.map(({ msg }) => msg)).toContain(complaint);

  const signalled = performance.now();
  expect(await Promise.all([server.end(), worker.end()])).toEqual([0, 0]);
  expect(performance.now() - signalled).toBeLessThan(8_000);
});

test.each(["is at the end of a line that swallows all", "stands still"])(
  "while Redis %s, whoever calls is answered within two seconds, and runs are carried out and cancelled",
  async (what) => {
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port: redis.port });
    try {
      const environment = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
      const shared = sharedBy(await processes.fresh(), model.current, environment);
      const server = await processes.serve({ ...shared, RUN_WORKER: "off" });
      const worker = await processes.work(shared);
      const { key, agent, app } = await sceneOn(server, model.current);
      const [good, talk] = [await agent("good"), await agent("talk")];
      await execute(key, { agentId: good });
      const soon = async <Answer>(work: Promise<Answer>): Promise<Answer> => {
        const begun = performance.now();
        const answer = await work;
        expect(performance.now() - begun).toBeLessThan(2_000);
        return answer;
      };

      if (what === "stands still") redis.hang();
      else await proxy.hang();
      // Once as if it were there, and again when it is known that it is not.
      for (const text of ["Go on, though it hangs.", "Go on, as it hangs."]) {
        const { run } = await soon(execute(key, { agentId: talk, text, waitMs: 0 }));
        const reader = transports.WebSocket(key, events, { runId: run.id });
        await reader.until(3);
        expect((await soon(cancel(key, run.id))).status).toBe("CANCELLED");
        expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
        await soon(reader.all());
        expect((await execute(key, { agentId: good, text, waitMs: 5_000 })).run.status).toBe("SUCCEEDED");

        const other = await app.key();
        const { run: theirs } = await execute(other, { agentId: talk, text: `Go on: ${text}`, waitMs: 0 });
        const stream = transports.WebSocket(other, events, { runId: theirs.id });
        await stream.until(1);
        await soon(server.admin.data(revoke, { id: other.keyId }));
        expect(await soon(stream.end)).toMatchObject({ code: 4403 });
        await cancel(key, theirs.id);
        // The connections are given up then, with all that was to be sent.
        for (const each of [server, worker]) await eventually(() => each.log.some(({ msg }) => msg === complaint));
      }
      if (what === "stands still") redis.wake();
      else await proxy.mend();

      const tickets = async () => Number(await redis.ask((each) => each.get(`${shared["REDIS_PREFIX"]}:runs:id`)));
      const before = await tickets();
      await eventually(async () => {
        await execute(key, { agentId: good });
        return (await tickets()) > before;
      });
      expect(await Promise.all([server, worker].map((each) => each.end()))).toEqual([0, 0]);
    } finally {
      await proxy.stop();
    }
  },
);

test("while Redis hangs that was there, nobody is kept waiting, and instances stop in time", async () => {
  const { server, workers, key, agent } = await twoWorkers(processes, model.current, { REDIS_URL: redis.url });
  redis.hang();
  const { run } = await execute(key, { agentId: await agent("good"), text: "What colour?" });
  expect(run.status).toBe("SUCCEEDED");
  expect(Date.parse(run.finishedAt as string) - Date.parse(run.createdAt as string)).toBeLessThan(5_000);
  const signalled = performance.now();
  expect(await Promise.all([server, ...workers].map((each) => each.end()))).toEqual([0, 0, 0]);
  expect(performance.now() - signalled).toBeLessThan(8_000);
});
