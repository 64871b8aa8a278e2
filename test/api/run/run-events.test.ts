import fc from "fast-check";
import { cancel, eventsOf, eventually, execute, expectWhole, finishRuns, finished, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

async function keyWithAgent(): Promise<[key: KeyHolder, agentId: string]> {
  const app = await server.current.newApp();
  return [await app.key(), await app.agent({ model: "test:model" })];
}

test("a run has one event for its start, one for each part of its output, and one for its end", async () => {
  const [key, agentId] = await keyWithAgent();
  const { run } = await execute(key, { agentId, text: "one 🐴 three" });
  const { id, status, output } = run;
  expect(await eventsOf(key, id)).toEqual([
    { __typename: "RunStarted", index: 0, runId: id },
    { __typename: "RunOutput", index: 1, runId: id, text: "one " },
    { __typename: "RunOutput", index: 2, runId: id, text: "🐴 " },
    { __typename: "RunOutput", index: 3, runId: id, text: "three " },
    { __typename: "RunFinished", index: 4, runId: id, run: { id, status, output } },
  ]);
});

test("the events can be read repeatedly, and from after any index", async () => {
  const [key, agentId] = await keyWithAgent();
  const { run } = await execute(key, { agentId, text: "one two" });
  const events = await eventsOf(key, run.id);
  expect(await eventsOf(key, run.id)).toEqual(events);
  for (let after = -1; after <= events.length; after++) {
    expect(await eventsOf(key, run.id, after)).toEqual(events.slice(after + 1));
  }
});

test("a reader during the run gets the same events as a reader after it", async () => {
  const [key, agentId] = await keyWithAgent();
  const session = { reference: "order" };
  const { run: first } = await execute(key, { agentId, session, text: "hold a hold b", waitMs: 0 });
  const { run: second } = await execute(key, { agentId, session, text: "hold c", waitMs: 0 });
  const readers = [first, second].flatMap(({ id }) => [eventsOf(key, id), eventsOf(key, id, 0)]);
  for (let i = 0; i < 3; i++) {
    await eventually(() => model.holding === 1);
    model.release();
    await eventually(() => model.holding === 0 || i === 2);
  }
  const [ofFirst, afterFirst, ofSecond, afterSecond] = await Promise.all(readers);
  expect(ofFirst).toEqual(await eventsOf(key, first.id));
  expect(ofSecond).toEqual(await eventsOf(key, second.id));
  expect([afterFirst, afterSecond]).toEqual([ofFirst?.slice(1), ofSecond?.slice(1)]);
  expectWhole(ofFirst ?? [], await runOf(key, first.id));
});

test("a long answer is read completely", async () => {
  const [key, agentId] = await keyWithAgent();
  const text = Array.from({ length: 110 }, (_, i) => `${i}`).join(" ");
  const { run } = await execute(key, { agentId, text });
  const events = await eventsOf(key, run.id);
  expect(events).toHaveLength(112);
  expectWhole(events, run);
});

test("the events of a run have no gaps and one end, whatever happens to the run concurrently", async () => {
  const [key, agentId] = await keyWithAgent();
  const word = fc.constantFrom("a", "b", "hold", "fail");
  const input = fc.record({
    texts: fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    actions: fc.array(fc.constantFrom("cancel", "release", "read"), { maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ texts, actions }) => {
      const ids: string[] = [];
      const { session } = await execute(key, { agentId, waitMs: 0 });
      for (const text of texts) {
        const input = { agentId, session: { id: session.id }, text: text.join(" "), waitMs: 0 };
        ids.push((await execute(key, input)).run.id);
      }
      await Promise.all(
        actions.map(async (action, i) => {
          const id = ids[i % ids.length] ?? "";
          if (action === "cancel") await cancel(key, id);
          if (action === "release") model.release();
          if (action === "read") await runOf(key, id);
        }),
      );
      const releases = setInterval(() => model.release(), 2);
      for (const id of ids) {
        const run = await finished(key, id);
        expectWhole(await eventsOf(key, id), run);
      }
      clearInterval(releases);
    }),
    { numRuns: 30 },
  );
});
