import { workerOf, sceneOn, sharedEnvironment, startTwoWorkers } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { useProcesses } from "../support/process";
import { eventsOf, eventually, execute, executeUnderLoad, expectWhole, finished } from "../support/runs";
import { timed } from "../support/timed";
import { fastTimings } from "../support/timings";

const processes = useProcesses(fastTimings);
const model = useModelServer();

test("two workers execute the runs of a session in order, and share the sessions", async () => {
  const { server, key, agent } = await startTwoWorkers(processes, model.current);
  const agentId = await agent("drip");
  const references = ["a", "b", "c", "d"];
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) {
    for (const reference of references) {
      const { run } = await execute(key, { agentId, session: { reference }, text: `${reference}${i}`, waitMs: 0 });
      ids.push(run.id as string);
    }
  }
  const runs = new Map<string, any>();
  for (const id of ids) runs.set(id, await finished(key, id));
  for (const [index] of references.entries()) {
    const sessionRuns = ids.filter((_, i) => i % references.length === index).map((id) => runs.get(id));
    expect(sessionRuns.map(({ status }) => status)).toEqual(sessionRuns.map(() => "SUCCEEDED"));
    const times = sessionRuns.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt]);
    expect(times).toEqual([...times].sort());
  }
  const workers = await server.sql("SELECT DISTINCT workerId FROM run");
  expect(workers).toHaveLength(2);
});

test("the limit of concurrent runs of an app applies across all workers", async () => {
  const { server, app, key, agent } = await startTwoWorkers(processes, model.current);
  const limit = `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { runsAtOnce: 3 } }) { app { id } } }`;
  await server.admin.data(limit, { id: app.id });
  const agentId = await agent("drip");
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => (await executeUnderLoad(key, { agentId, waitMs: 0 })).run.id as string),
  );
  let maxRunning = 0;
  const timer = setInterval(() => {
    void server.sql("SELECT COUNT(*) AS running FROM run WHERE status = 'RUNNING'").then(([row]) => {
      maxRunning = Math.max(maxRunning, Number(row?.["running"]));
    });
  }, 20);
  for (const id of ids) expect((await finished(key, id)).status).toBe("SUCCEEDED");
  clearInterval(timer);
  expect(maxRunning).toBe(3);
});

test("a worker that stops gives its runs a grace period to finish, and requeues or fails the others", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current, {
    SHUTDOWN_GRACE_SECONDS: "2",
  });
  const failing = { agentId: await agent("talk"), text: "Go on and fail.", waitMs: 0 };
  const { run: failed } = await execute(key, failing);
  const owner = await workerOf(failed.id, server, workers);
  // With the other worker stopped, this one gets all runs.
  const other = workers.find((each) => each !== owner);
  await other?.end();
  const retrying = { agentId: await agent("talk-once", "RETRY"), text: "Go on and begin again.", waitMs: 0 };
  const [{ run: retried }, { run: short }] = [
    await execute(key, retrying),
    await execute(key, { agentId: await agent("drip"), text: "Not for long.", waitMs: 0 }),
  ];
  for (const { id } of [retried, short]) await workerOf(id, server, [owner]);

  const exit = timed(owner.end());
  const next = await processes.work(owner.environment);
  const { result, took } = await exit;
  expect(result).toBe(0);
  expect(took).toBeLessThan(6_000);
  expect(await finished(key, short.id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await finished(key, failed.id)).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" } });

  const repeated = await finished(key, retried.id);
  expect(repeated).toMatchObject({ status: "SUCCEEDED", output: "The barn is red [1]." });
  expectWhole(await eventsOf(key, retried.id), repeated, 2);
  const [row] = await server.sql(`SELECT workerId FROM run WHERE id = '${retried.id}'`);
  expect(row).toEqual({ workerId: next.instanceId });
  expect(await model.current.callsWith(failing.text)[0]?.closed).toBe(true);
});

test("a server executes runs unless RUN_WORKER is off", async () => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const server = await processes.serve({ ...shared, RUN_WORKER: "off" });
  const { key, agent } = await sceneOn(server, model.current);
  const { run } = await execute(key, { agentId: await agent("good"), text: "What colour?", waitMs: 2_000 });
  expect(run.status).toBe("QUEUED");

  await processes.serve(shared);
  expect((await finished(key, run.id)).status).toBe("SUCCEEDED");
});

test("a worker does not listen, and removes its instance row when it stops", async () => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const worker = await processes.work(shared);
  expect(worker.stdout).toBe("");
  expect(await worker.sql("SELECT id FROM instance")).toEqual([{ id: worker.instanceId }]);
  expect(await worker.end()).toBe(0);
  expect(await worker.sql("SELECT id FROM instance")).toEqual([]);
  expect(worker.log.filter(({ level }) => level !== "info")).toEqual([]);
});

test("a worker with invalid configuration prints one line that says what is required", async () => {
  const { DATA_DIR, DATABASE_URL = "" } = await processes.fresh();
  for (const [environment, message] of [
    [{ DATA_DIR, DATABASE_URL }, /A worker needs REDIS_URL/],
    [{ DATA_DIR, REDIS_URL: "redis://127.0.0.1:6379" }, /REDIS_URL must be set only with a DATABASE_URL of MySQL/],
  ] as const) {
    const worker = processes.run(environment, "worker");
    await worker.exited;
    expect([worker.exit, worker.stdout]).toEqual([1, ""]);
    expect(worker.stderr).toMatch(/^The worker could not start\. /);
    expect(worker.stderr).toMatch(message);
    expect(worker.stderr).not.toMatch(/^ +at /m);
  }
});

test("a long queue of runs does not exhaust the connections of the database", async () => {
  const { server, key, agent } = await startTwoWorkers(processes, model.current, { MAX_RUNNING_RUNS: "4" });
  const agentId = await agent("good");
  await Promise.all(Array.from({ length: 60 }, () => executeUnderLoad(key, { agentId, waitMs: 0 })));
  await eventually(async () => {
    const [row] = await server.sql("SELECT COUNT(*) AS pending FROM run WHERE status IN ('QUEUED', 'RUNNING')");
    return Number(row?.["pending"]) === 0;
  });
  const rows = await server.sql("SELECT status, fence, COUNT(*) AS runs FROM run GROUP BY status, fence");
  expect(rows).toEqual([{ status: "SUCCEEDED", fence: 1, runs: 60 }]);
});
