import { carrierOf, sceneOn, sharedBy, twoWorkers } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { useProcesses } from "../support/process";
import { eventsOf, eventually, execute, executeAmongMany, expectWhole, finished } from "../support/runs";
import { timed } from "../support/timed";

const processes = useProcesses();
const model = useModelServer();

test("two workers keep the order of a session, and share sessions", async () => {
  const { server, key, agent } = await twoWorkers(processes, model.current);
  const agentId = await agent("drip");
  const references = ["a", "b", "c", "d"];
  const ids: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    for (const reference of references) {
      const { run } = await execute(key, { agentId, session: { reference }, text: `${reference}${turn}`, waitMs: 0 });
      ids.push(run.id as string);
    }
  }
  const runs = new Map<string, any>();
  for (const id of ids) runs.set(id, await finished(key, id));
  for (const [i] of references.entries()) {
    const ofSession = ids.filter((_, n) => n % references.length === i).map((id) => runs.get(id));
    expect(ofSession.map(({ status }) => status)).toEqual(ofSession.map(() => "SUCCEEDED"));
    const times = ofSession.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt]);
    expect(times).toEqual([...times].sort());
  }
  const carriers = await server.sql("SELECT DISTINCT workerId FROM run");
  expect(carriers).toHaveLength(2);
});

test("an app has no more runs at once than it may have, however many workers there are", async () => {
  const { server, app, key, agent } = await twoWorkers(processes, model.current);
  const limit = `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { runsAtOnce: 3 } }) { app { id } } }`;
  await server.admin.data(limit, { id: app.id });
  const agentId = await agent("drip");
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => (await execute(key, { agentId, waitMs: 0 })).run.id as string),
  );
  let greatest = 0;
  const watching = setInterval(() => {
    void server.sql("SELECT COUNT(*) AS running FROM run WHERE status = 'RUNNING'").then(([row]) => {
      greatest = Math.max(greatest, Number(row?.["running"]));
    });
  }, 20);
  for (const id of ids) expect((await finished(key, id)).status).toBe("SUCCEEDED");
  clearInterval(watching);
  expect(greatest).toBe(3);
});

test("a worker that is told to stop lets its runs finish for a while, and hands on what has not", async () => {
  const { server, workers, key, agent } = await twoWorkers(processes, model.current, { SHUTDOWN_GRACE_SECONDS: "2" });
  const failing = { agentId: await agent("talk"), text: "Go on and fail.", waitMs: 0 };
  const { run: failed } = await execute(key, failing);
  const carrier = await carrierOf(failed.id, server, workers);
  // The other one stands still, so that this one gets them all.
  const other = workers.find((each) => each !== carrier);
  await other?.end();
  const retrying = { agentId: await agent("talk-once", "RETRY"), text: "Go on and begin again.", waitMs: 0 };
  const [{ run: retried }, { run: short }] = [
    await execute(key, retrying),
    await execute(key, { agentId: await agent("drip"), text: "Not for long.", waitMs: 0 }),
  ];
  for (const { id } of [retried, short]) await carrierOf(id, server, [carrier]);

  const exiting = timed(carrier.end());
  const next = await processes.work(carrier.environment);
  const { result, took } = await exiting;
  expect(result).toBe(0);
  expect(took).toBeLessThan(6_000);
  expect(await finished(key, short.id)).toMatchObject({ status: "SUCCEEDED" });
  expect(await finished(key, failed.id)).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" } });

  const again = await finished(key, retried.id);
  expect(again).toMatchObject({ status: "SUCCEEDED", output: "The barn is red [1]." });
  expectWhole(await eventsOf(key, retried.id), again, 2);
  const [row] = await server.sql(`SELECT workerId FROM run WHERE id = '${retried.id}'`);
  expect(row).toEqual({ workerId: next.instanceId });
  expect(await model.current.callsWith(failing.text)[0]?.closed).toBe(true);
});

test("servers carry out runs too, unless they are told not to", async () => {
  const shared = sharedBy(await processes.fresh(), model.current);
  const idle = await processes.serve({ ...shared, RUN_WORKER: "off" });
  const { key, agent } = await sceneOn(idle, model.current);
  const { run } = await execute(key, { agentId: await agent("good"), text: "What colour?", waitMs: 2_000 });
  expect(run.status).toBe("QUEUED");

  await processes.serve(shared);
  expect((await finished(key, run.id)).status).toBe("SUCCEEDED");
});

test("a worker serves nobody, and leaves no row behind when it stops", async () => {
  const shared = sharedBy(await processes.fresh(), model.current);
  const worker = await processes.work(shared);
  expect(worker.stdout).toBe("");
  expect(await worker.sql("SELECT id FROM instance")).toEqual([{ id: worker.instanceId }]);
  expect(await worker.end()).toBe(0);
  expect(await worker.sql("SELECT id FROM instance")).toEqual([]);
  expect(worker.log.filter(({ level }) => level !== "info")).toEqual([]);
});

test("a worker says in one line what it needs", async () => {
  const { DATA_DIR, DATABASE_URL = "" } = await processes.fresh();
  for (const [environment, said] of [
    [{ DATA_DIR, DATABASE_URL }, /A worker needs REDIS_URL/],
    [{ DATA_DIR, REDIS_URL: "redis://127.0.0.1:6379" }, /REDIS_URL must be set only with a DATABASE_URL of MySQL/],
  ] as const) {
    const worker = processes.run(environment, "cli/worker.js");
    await worker.exited;
    expect([worker.exit, worker.stdout]).toEqual([1, ""]);
    expect(worker.stderr).toMatch(/^The worker could not start\. /);
    expect(worker.stderr).toMatch(said);
    expect(worker.stderr).not.toMatch(/^ +at /m);
  }
});

test("however many stand in the queue, nobody waits for the database in vain", async () => {
  const { server, key, agent } = await twoWorkers(processes, model.current, { MAX_RUNNING_RUNS: "4" });
  const agentId = await agent("good");
  await Promise.all(Array.from({ length: 60 }, () => executeAmongMany(key, { agentId, waitMs: 0 })));
  await eventually(async () => {
    const [row] = await server.sql("SELECT COUNT(*) AS open FROM run WHERE status IN ('QUEUED', 'RUNNING')");
    return Number(row?.["open"]) === 0;
  });
  const rows = await server.sql("SELECT status, fence, COUNT(*) AS runs FROM run GROUP BY status, fence");
  expect(rows).toEqual([{ status: "SUCCEEDED", fence: 1, runs: 60 }]);
});
