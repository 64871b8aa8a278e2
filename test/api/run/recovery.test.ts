import { cancel, eventsOf, eventually, execute, expectWhole, finished, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });

const interrupted = { status: "FAILED", error: { code: "INTERRUPTED", message: expect.stringContaining("again") } };

async function keyWithAgent(): Promise<[key: KeyHolder, agentId: string]> {
  const app = await server.current.newApp();
  return [await app.key(), await app.agent({ model: "test:model" })];
}

test("runs that are queued when the server stops execute in order after the next start, and the running one fails", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  const execution = execute(key, { agentId, session, text: "one hold two" });
  await eventually(() => model.holding === 1);
  const queued: any[] = [];
  for (const text of ["a hold", "b", "c"]) {
    queued.push((await execute(key, { agentId, session, text, waitMs: 0 })).run);
  }
  await cancel(key, queued[1].id);

  await server.current.restart();
  // The waiting caller got the state of the run at the stop.
  const { run: running } = await execution;
  expect(running.status).toBe("RUNNING");
  await eventually(() => model.holding === 1);
  model.release();
  for (const { id } of queued) await finished(key, id);
  expect(model.requests.map(({ text }) => text)).toEqual(["one hold two", "a hold", "c"]);

  const ended = await runOf(key, running.id);
  expect(ended).toMatchObject({ ...interrupted, output: "one hold " });
  expectWhole(await eventsOf(key, running.id), ended);
  await server.current.restart();
  expect(await runOf(key, running.id)).toEqual(ended);
});

test("a run that is RUNNING at the start fails once with INTERRUPTED and keeps its output", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  const { run } = await execute(key, { agentId, session, text: "one two" });
  await server.current.restart(async () => {
    const { sql } = server.current;
    await sql(
      `UPDATE run SET status = 'RUNNING', output = NULL, finishedAt = NULL, eventCount = 3 WHERE id = '${run.id}'`,
    );
    await sql(`DELETE FROM run_event WHERE runId = '${run.id}' AND type = 'FINISHED'`);
    await sql(`DELETE FROM message WHERE runId = '${run.id}' AND role = 'AGENT'`);
  });

  const ended = await runOf(key, run.id);
  expect(ended).toMatchObject({ ...interrupted, output: "one two ", startedAt: run.startedAt });
  expectWhole(await eventsOf(key, run.id), ended);
  expect((await execute(key, { agentId, session })).run.status).toBe("SUCCEEDED");
  const query = `{ sessions { nodes { messages { nodes { role } } } } }`;
  expect((await key.data(query)).sessions.nodes[0].messages.nodes).toEqual([
    { role: "USER" },
    { role: "USER" },
    { role: "AGENT" },
  ]);
  await server.current.restart();
  expect(await runOf(key, run.id)).toEqual(ended);
});

test("a run that was accepted before the server died executes after the next start", async () => {
  const [key, agentId] = await keyWithAgent();
  const { run } = await execute(key, { agentId, text: "one two" });
  await server.current.restart(async () => {
    const { sql } = server.current;
    await sql(
      `UPDATE run SET status = 'QUEUED', output = NULL, startedAt = NULL, finishedAt = NULL, eventCount = 0 WHERE id = '${run.id}'`,
    );
    await sql(`DELETE FROM run_event WHERE runId = '${run.id}'`);
    await sql(`DELETE FROM message WHERE runId = '${run.id}' AND role = 'AGENT'`);
  });
  const ended = await finished(key, run.id);
  expect(ended).toMatchObject({ status: "SUCCEEDED", output: "one two " });
  expectWhole(await eventsOf(key, run.id), ended);
});
