import { setTimeout as delay } from "node:timers/promises";
import { readDocument, slowText } from "../support/documents";
import { workerOf, sceneOn, sharedEnvironment, startTwoWorkers } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { useProcesses } from "../support/process";
import { eventsOf, execute, expectWhole, finished, runOf } from "../support/runs";
import { fastTimings } from "../support/timings";

// An upload does not wait until its document is processed, so that an instance can be killed while it processes one.
const processes = useProcesses({ ...fastTimings, documents: { uploadWaitMs: 100 } });
const model = useModelServer();

/** A run of a dead worker must be recovered within this time. */
const recoveryTimeoutMs = 15_000;

test("a run whose worker was killed fails as INTERRUPTED and keeps its output, and the next run of its session starts", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current);
  const session = { reference: "order" };
  const { run } = await execute(key, { agentId: await agent("talk"), session, text: "Go on.", waitMs: 0 });
  const { run: next } = await execute(key, { agentId: await agent("good"), session, text: "And now?", waitMs: 0 });
  const owner = await workerOf(run.id, server, workers);
  await owner.end("SIGKILL");

  const ended = await finished(key, run.id, recoveryTimeoutMs);
  expect(ended).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" }, output: /^0 / });
  expectWhole(await eventsOf(key, run.id), ended);
  expect((await finished(key, next.id)).status).toBe("SUCCEEDED");
});

test("a run whose worker was killed is retried if its agent allows it, and its earlier output is discarded", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current);
  const input = { agentId: await agent("talk-once", "RETRY"), text: "Go on, once.", waitMs: 0 };
  const { run, session } = await execute(key, input);
  const owner = await workerOf(run.id, server, workers);
  await owner.end("SIGKILL");

  const ended = await finished(key, run.id, recoveryTimeoutMs);
  expect(ended).toMatchObject({ status: "SUCCEEDED", output: "The barn is red [1].", error: null });
  const events = await eventsOf(key, run.id);
  expectWhole(events, ended, 2);
  expect(events[1]).toMatchObject({ __typename: "RunOutput", text: expect.stringMatching(/^0 /) });
  const query = `query ($id: ID!) { session(id: $id) { messages { nodes { role text } } } }`;
  expect((await key.data(query, { id: session.id })).session.messages.nodes).toEqual([
    { role: "USER", text: "Go on, once." },
    { role: "AGENT", text: ended.output },
  ]);
});

test("a run that kills each of its workers is attempted three times, and then fails", async () => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const server = await processes.serve({ ...shared, RUN_WORKER: "off" });
  const { key, agent } = await sceneOn(server, model.current);
  const { run } = await execute(key, { agentId: await agent("talk", "RETRY"), text: "Go on.", waitMs: 0 });
  for (let i = 0; i < 3; i++) {
    const worker = await processes.work(shared);
    await workerOf(run.id, server, [worker]);
    // Expires the worker immediately.
    await worker.end("SIGKILL");
    await server.sql(`DELETE FROM instance WHERE id = '${String(worker.instanceId)}'`);
  }
  const ended = await finished(key, run.id, recoveryTimeoutMs);
  expect(ended).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" } });
  expectWhole(await eventsOf(key, run.id), ended, 3);
}, 90_000);

test.each(["FAIL", "RETRY"] as const)(
  "a worker that was suspended until it counted as dead writes nothing to its run when it resumes, aborts it, and executes others (%s)",
  async (onInterrupt) => {
    const { server, workers, key, agent } = await startTwoWorkers(processes, model.current);
    const text = `Go on, ${onInterrupt}.`;
    const { run } = await execute(key, { agentId: await agent("talk-once", onInterrupt), text, waitMs: 0 });
    const owner = await workerOf(run.id, server, workers);
    owner.signal("SIGSTOP");
    const suspendedAt = performance.now();

    const ended = await finished(key, run.id, recoveryTimeoutMs);
    expect(performance.now() - suspendedAt).toBeLessThan(recoveryTimeoutMs);
    expect(ended.status).toBe(onInterrupt === "RETRY" ? "SUCCEEDED" : "FAILED");
    const events = await eventsOf(key, run.id);
    expectWhole(events, ended, onInterrupt === "RETRY" ? 2 : 1);
    const [row] = await server.sql(`SELECT * FROM run WHERE id = '${run.id}'`);

    await delay(6_000 - (performance.now() - suspendedAt));
    owner.signal("SIGCONT");
    expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
    await delay(1_500);
    expect(await eventsOf(key, run.id)).toEqual(events);
    expect(await server.sql(`SELECT * FROM run WHERE id = '${run.id}'`)).toEqual([row]);

    // As the only worker, it must execute the next run.
    for (const worker of workers) if (worker !== owner) await worker.end();
    const { run: later } = await execute(key, { agentId: await agent("good"), text: "And now?", waitMs: 0 });
    expect((await finished(key, later.id)).status).toBe("SUCCEEDED");
  },
  90_000,
);

test("live workers keep their runs while other instances start, stop or are killed", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current);
  const { run } = await execute(key, { agentId: await agent("talk"), text: "Go on.", waitMs: 0 });
  const owner = await workerOf(run.id, server, workers);
  for (const worker of workers) if (worker !== owner) await worker.end("SIGKILL");
  await processes.serve({ ...server.environment, PORT: "0" });
  await (await processes.work(owner.environment)).end();
  // Longer than it takes to detect dead instances.
  await delay(fastTimings.instance.deadAfterMs + 4 * fastTimings.instance.heartbeatIntervalMs);
  expect(await runOf(key, run.id)).toMatchObject({ status: "RUNNING" });
  const [row] = await server.sql(`SELECT workerId, fence FROM run WHERE id = '${run.id}'`);
  expect(row).toEqual({ workerId: owner.instanceId, fence: 1 });
});

test("a document whose instance was killed is processed by another one, and a run that waits for it is executed", async () => {
  const shared = sharedEnvironment(await processes.fresh(), model.current);
  const [processor, server] = [await processes.serve(shared), await processes.serve(shared)];
  const app = await processor.newApp();
  const [agentId, sessionId] = [await app.agent(), await app.session()];
  await processor.admin.upload(sessionId, slowText());
  const input = { agentId, text: "What colour is the barn?", session: { id: sessionId }, waitMs: 0 };
  const { run } = await execute(processor.admin, input);
  expect(run.status).toBe("QUEUED");
  await processor.end("SIGKILL");

  const killedAt = performance.now();
  expect(await readDocument(server.admin, sessionId)).toMatchObject({ status: "READY" });
  expect(performance.now() - killedAt).toBeLessThan(recoveryTimeoutMs + 15_000);
  expect((await finished(server.admin, run.id)).status).toBe("SUCCEEDED");
}, 90_000);
