import { setTimeout as delay } from "node:timers/promises";
import { cancel, eventsOf, eventually, execute, expectWhole, finishRuns, finished, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const cancelRun = `mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { id } } }`;

async function keyWithAgent(): Promise<[key: KeyHolder, agentId: string]> {
  const app = await server.current.newApp();
  return [await app.key(), await app.agent({ model: "test:model" })];
}

test("a running run that is cancelled keeps its output, aborts its model and lets the next run start", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  const { run } = await execute(key, { agentId, session, text: "one hold two", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const request = model.requests.at(-1);
  const next = execute(key, { agentId, session, text: "three" });

  const cancelled = await cancel(key, run.id);
  expect(cancelled).toMatchObject({ id: run.id, status: "CANCELLED", output: "one hold ", error: null });
  expect(Date.parse(cancelled.finishedAt)).toBeGreaterThanOrEqual(Date.parse(cancelled.startedAt));
  expect(request).toMatchObject({ text: "one hold two", signal: { aborted: true } });
  expect((await next).run).toMatchObject({ status: "SUCCEEDED", output: "three " });
  expect(await runOf(key, run.id)).toEqual(cancelled);
});

test("a queued run that is cancelled never starts, and the others keep their order", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  const texts = ["a hold", "b", "c", "d"];
  const runs: any[] = [];
  for (const text of texts) runs.push((await execute(key, { agentId, session, text, waitMs: 0 })).run);
  await eventually(() => model.holding === 1);

  expect(await cancel(key, runs[1].id)).toMatchObject({ status: "CANCELLED", output: null, startedAt: null });
  model.release();
  await finished(key, runs[3].id);
  expect(model.requests.slice(-3).map(({ text }) => text)).toEqual(["a hold", "c", "d"]);
  expectWhole(await eventsOf(key, runs[1].id), await runOf(key, runs[1].id));
});

test.each(["one two", "one fail", "one hold"])(
  "a finished run (%s) stays as it is when it is cancelled, also twice",
  async (text) => {
    const [key, agentId] = await keyWithAgent();
    const { run } = await execute(key, { agentId, text, waitMs: 0 });
    if (text === "one hold") {
      await eventually(() => model.holding === 1);
      await cancel(key, run.id);
    }
    const before = await finished(key, run.id);
    const events = await eventsOf(key, run.id);
    for (let i = 0; i < 2; i++) expect(await cancel(key, run.id)).toEqual(before);
    expect(await eventsOf(key, run.id)).toEqual(events);
  },
);

test("another app's run is answered like a missing one, and continues", async () => {
  const [key, agentId] = await keyWithAgent();
  const [other] = await keyWithAgent();
  const { run } = await execute(key, { agentId, text: "one hold", waitMs: 0 });
  const foreign = await other.send(cancelRun, { id: run.id });
  const missing = await other.send(cancelRun, { id: "00000000-0000-7000-8000-000000000000" });
  expect(foreign.text).toBe(missing.text);
  expect(foreign.body.errors[0].extensions.code).toBe("NOT_FOUND");

  await eventually(() => model.holding === 1);
  model.release();
  expect((await finished(key, run.id)).status).toBe("SUCCEEDED");
});

test("a run that is cancelled at any moment ends once, with one final event", async () => {
  const [key, agentId] = await keyWithAgent();
  const statuses = new Set<string>();
  for (let round = 0; round < 24; round++) {
    const { run } = await execute(key, { agentId, text: "one hold two", waitMs: 0 });
    await eventually(() => model.holding === 1);
    const release = delay(round % 8).then(() => model.release());
    await Promise.all([release, cancel(key, run.id), cancel(key, run.id)]);
    const ended = await runOf(key, run.id);
    statuses.add(ended.status);
    expect(["SUCCEEDED", "CANCELLED"]).toContain(ended.status);
    expectWhole(await eventsOf(key, run.id), ended);
    await delay(5);
    expect(await runOf(key, run.id)).toEqual(ended);
  }
  const query = `{ sessions(first: 50) { nodes { runs { nodes { status output } } messages { nodes { role text } } } } }`;
  for (const { runs, messages } of (await key.data(query)).sessions.nodes) {
    const [{ status, output }] = runs.nodes;
    const answers = messages.nodes.filter(({ role }: { role: string }) => role === "AGENT");
    expect(answers).toEqual(status === "SUCCEEDED" ? [{ role: "AGENT", text: output }] : []);
  }
  expect(statuses).toContain("CANCELLED");
});

test("concurrent cancellations of one run, and of all runs of a session, all succeed", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  const ids: string[] = [];
  for (let i = 0; i < 12; i++) {
    ids.push((await execute(key, { agentId, session, text: `one hold ${i}`, waitMs: 0 })).run.id);
  }
  await eventually(() => model.holding === 1);
  const [first = ""] = ids;
  const answers = await Promise.all(Array.from({ length: 8 }, () => cancel(key, first)));
  for (const answer of answers) expect(answer).toEqual(answers[0]);

  await Promise.all(ids.map((id) => cancel(key, id)));
  for (const id of ids) {
    const run = await runOf(key, id);
    expect(run.status).toBe("CANCELLED");
    expectWhole(await eventsOf(key, id), run);
  }
  await eventually(() => model.holding === 0);
  expect((await execute(key, { agentId, session })).run.status).toBe("SUCCEEDED");
});
