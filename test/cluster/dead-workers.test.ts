import { setTimeout as delay } from "node:timers/promises";
import { readDocument, slowText } from "../support/documents";
import { carrierOf, sceneOn, sharedBy, twoWorkers } from "../support/instances";
import { useModelServer } from "../support/model-server";
import { useProcesses } from "../support/process";
import { eventsOf, execute, expectWhole, finished, runOf } from "../support/runs";
import { fastTimings } from "../support/timings";

const processes = useProcesses(fastTimings);
const model = useModelServer();

/** How long a dead worker's run may stay as it is. */
const most = 15_000;

test("a run whose worker was killed is ended as interrupted, with what it had said, and the next of its session runs", async () => {
  const { server, workers, key, agent } = await twoWorkers(processes, model.current);
  const session = { reference: "order" };
  const { run } = await execute(key, { agentId: await agent("talk"), session, text: "Go on.", waitMs: 0 });
  const { run: next } = await execute(key, { agentId: await agent("good"), session, text: "And now?", waitMs: 0 });
  const carrier = await carrierOf(run.id, server, workers);
  await carrier.end("SIGKILL");

  const ended = await finished(key, run.id, most);
  expect(ended).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" }, output: /^0 / });
  expectWhole(await eventsOf(key, run.id), ended);
  expect((await finished(key, next.id)).status).toBe("SUCCEEDED");
});

test("a run whose worker was killed is begun again where its agent allows that, and what it said before is void", async () => {
  const { server, workers, key, agent } = await twoWorkers(processes, model.current);
  const input = { agentId: await agent("talk-once", "RETRY"), text: "Go on, once.", waitMs: 0 };
  const { run, session } = await execute(key, input);
  const carrier = await carrierOf(run.id, server, workers);
  await carrier.end("SIGKILL");

  const ended = await finished(key, run.id, most);
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

test("a run that brings down whoever carries it out is begun three times, and then ended", async () => {
  const shared = sharedBy(await processes.fresh(), model.current);
  const server = await processes.serve({ ...shared, RUN_WORKER: "off" });
  const { key, agent } = await sceneOn(server, model.current);
  const { run } = await execute(key, { agentId: await agent("talk", "RETRY"), text: "Go on.", waitMs: 0 });
  for (let i = 0; i < 3; i++) {
    const worker = await processes.work(shared);
    await carrierOf(run.id, server, [worker]);
    // As if it had died long ago: its row is gone.
    await worker.end("SIGKILL");
    await server.sql(`DELETE FROM instance WHERE id = '${String(worker.instanceId)}'`);
  }
  const ended = await finished(key, run.id, most);
  expect(ended).toMatchObject({ status: "FAILED", error: { code: "INTERRUPTED" } });
  expectWhole(await eventsOf(key, run.id), ended, 3);
}, 90_000);

test.each(["FAIL", "RETRY"] as const)(
  "a worker that was stopped until it counted as dead writes nothing of its run when it goes on, gives it up, and takes others (%s)",
  async (onInterrupt) => {
    const { server, workers, key, agent } = await twoWorkers(processes, model.current);
    const text = `Go on, ${onInterrupt}.`;
    const { run } = await execute(key, { agentId: await agent("talk-once", onInterrupt), text, waitMs: 0 });
    const carrier = await carrierOf(run.id, server, workers);
    carrier.signal("SIGSTOP");
    const stopped = performance.now();

    const ended = await finished(key, run.id, most);
    expect(performance.now() - stopped).toBeLessThan(most);
    expect(ended.status).toBe(onInterrupt === "RETRY" ? "SUCCEEDED" : "FAILED");
    const events = await eventsOf(key, run.id);
    expectWhole(events, ended, onInterrupt === "RETRY" ? 2 : 1);
    const [row] = await server.sql(`SELECT * FROM run WHERE id = '${run.id}'`);

    await delay(6_000 - (performance.now() - stopped));
    carrier.signal("SIGCONT");
    expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
    await delay(1_500);
    expect(await eventsOf(key, run.id)).toEqual(events);
    expect(await server.sql(`SELECT * FROM run WHERE id = '${run.id}'`)).toEqual([row]);

    // Alone, it shows that it is at work again.
    for (const worker of workers) if (worker !== carrier) await worker.end();
    const { run: later } = await execute(key, { agentId: await agent("good"), text: "And now?", waitMs: 0 });
    expect((await finished(key, later.id)).status).toBe("SUCCEEDED");
  },
  90_000,
);

test("living workers keep their runs, whoever comes, goes, or is killed beside them", async () => {
  const { server, workers, key, agent } = await twoWorkers(processes, model.current);
  const { run } = await execute(key, { agentId: await agent("talk"), text: "Go on.", waitMs: 0 });
  const carrier = await carrierOf(run.id, server, workers);
  for (const worker of workers) if (worker !== carrier) await worker.end("SIGKILL");
  await processes.serve({ ...server.environment, PORT: "0" });
  await (await processes.work(carrier.environment)).end();
  // Longer than it takes to tell the dead.
  await delay(fastTimings.instance.deadAfterMs + 4 * fastTimings.instance.heartbeatIntervalMs);
  expect(await runOf(key, run.id)).toMatchObject({ status: "RUNNING" });
  const [row] = await server.sql(`SELECT workerId, fence FROM run WHERE id = '${run.id}'`);
  expect(row).toEqual({ workerId: carrier.instanceId, fence: 1 });
});

test("a document whose reader was killed is read by another instance, and what waits for it is carried out", async () => {
  const shared = sharedBy(await processes.fresh(), model.current);
  const [reader, server] = [await processes.serve(shared), await processes.serve(shared)];
  const app = await reader.newApp();
  const [agentId, sessionId] = [await app.agent(), await app.session()];
  await reader.admin.upload(sessionId, slowText());
  const input = { agentId, text: "What colour is the barn?", session: { id: sessionId }, waitMs: 0 };
  const { run } = await execute(reader.admin, input);
  expect(run.status).toBe("QUEUED");
  await reader.end("SIGKILL");

  const killed = performance.now();
  expect(await readDocument(server.admin, sessionId)).toMatchObject({ status: "READY" });
  expect(performance.now() - killed).toBeLessThan(most + 15_000);
  expect((await finished(server.admin, run.id)).status).toBe("SUCCEEDED");
}, 90_000);
