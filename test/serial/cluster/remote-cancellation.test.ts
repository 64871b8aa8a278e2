import { workerOf, startTwoWorkers } from "../../support/instances";
import { useModelServer } from "../../support/model-server";
import { useProcesses } from "../../support/process";
import { cancel, eventsOf, execute, expectWhole, runOf } from "../../support/runs";
import { fastTimings } from "../../support/timings";

const processes = useProcesses(fastTimings);
const model = useModelServer();

test("a run on another instance is cancelled within a second: its model call is aborted, and its output is kept", async () => {
  const { server, workers, key, agent } = await startTwoWorkers(processes, model.current);
  const text = "Go on, until I say so.";
  const { run } = await execute(key, { agentId: await agent("talk"), text, waitMs: 0 });
  await workerOf(run.id, server, workers);
  const before = performance.now();
  const cancelled = await cancel(key, run.id);
  expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(cancelled).toMatchObject({ status: "CANCELLED", output: expect.stringMatching(/^0 /) });
  expectWhole(await eventsOf(key, run.id), await runOf(key, run.id));
});

test.each([
  ["terminateSession", `mutation ($session: ID!) { terminateSession(input: { id: $session }) { session { id } } }`],
  ["deleteApp", `mutation ($app: ID!) { deleteApp(input: { id: $app }) { id } }`],
])("%s aborts a model call on another instance", async (_name, mutation) => {
  const { server, workers, app, key, agent } = await startTwoWorkers(processes, model.current);
  const text = `Go on, until ${_name}.`;
  const { run, session } = await execute(key, { agentId: await agent("talk"), text, waitMs: 0 });
  await workerOf(run.id, server, workers);
  const before = performance.now();
  await server.admin.data(mutation, mutation.includes("$app") ? { app: app.id } : { session: session.id });
  expect(await model.current.callsWith(text)[0]?.closed).toBe(true);
  expect(performance.now() - before).toBeLessThan(2_000);
});

test("a caller that waits for a run on another instance is notified of its end within 900 ms", async () => {
  const { key, agent } = await startTwoWorkers(processes, model.current);
  const { run } = await execute(key, { agentId: await agent("good"), text: "What colour?" });
  expect(run.status).toBe("SUCCEEDED");
  const lagMs = Date.now() - Date.parse(run.finishedAt as string);
  expect(lagMs).toBeLessThan(900);
});
