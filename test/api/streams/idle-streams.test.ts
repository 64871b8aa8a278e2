import { setTimeout as delay } from "node:timers/promises";
import { finishRuns } from "../../support/runs";
import { useServer } from "../../support/server";
import { statementsOf } from "../../support/statements";
import { Connection } from "../../support/streams";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const events = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;
const pollIntervalMs = 1_000;

test("a hundred streams that wait poll together, not each by itself", async () => {
  const app = await server.current.newApp();
  const agentId = await app.agent({ model: "test:model" });
  const runs = await Promise.all(
    Array.from({ length: 20 }, async () => (await app.run({ agentId, text: "hold", waitMs: 0 })).id),
  );
  const connection = Connection.of(await app.key({ runtime: ["RUN"] }));
  const readers = Array.from({ length: 100 }, (_, i) => connection.read(events, { runId: runs[i % runs.length] }));
  await Promise.all(readers.map((reader) => reader.until(2)));

  const statements = await statementsOf(() => delay(2 * pollIntervalMs));
  // Each by itself would take two statements in each interval.
  expect(statements.filter((statement) => /FROM .run/.test(statement)).length).toBeLessThan(60);
  await model.releaseAll();
  for (const reader of readers) await reader.all();
  connection.close();
});

test("readers of the same event read it with one statement", async () => {
  const app = await server.current.newApp();
  const { id: runId } = await app.run({
    agentId: await app.agent({ model: "test:model" }),
    text: "hold hold",
    waitMs: 0,
  });
  const connection = Connection.of(await app.key({ runtime: ["RUN"] }));
  const readers = Array.from({ length: 90 }, () => connection.read(events, { runId }));
  await Promise.all(readers.map((reader) => reader.until(2)));
  // Each reader looks for more after its first events.
  await delay(pollIntervalMs);

  const statements = await statementsOf(async () => {
    model.release();
    await Promise.all(readers.map((reader) => reader.until(3)));
    await model.releaseAll();
    await Promise.all(readers.map((reader) => reader.all()));
  });
  for (const reader of readers) expect(reader.indexes).toEqual([0, 1, 2, 3]);
  // Two events, each read by all; each by itself would take 180 or more.
  expect(statements.filter((statement) => /FROM .run_event/.test(statement)).length).toBeLessThan(20);
  connection.close();
});
