import { eventually, execute, finishRuns, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const oneSlot = useServer({ MAX_RUNNING_RUNS: "1" }, { "test:model": model });
const fourSlots = useServer({ MAX_RUNNING_RUNS: "4" }, { "test:model": model });
const twoSlots = useServer({ MAX_RUNNING_RUNS: "2" }, { "test:model": model });
afterEach(async () => {
  for (const { current } of [oneSlot, fourSlots, twoSlots]) await finishRuns(current, model);
});

type KeyWithAgent = [key: KeyHolder, agentId: string];

async function keyWithAgent(server: typeof oneSlot): Promise<KeyWithAgent> {
  const app = await server.current.newApp();
  return [await app.key(), await app.agent({ model: "test:model" })];
}

async function keysOfTwoApps(server: typeof oneSlot): Promise<[KeyWithAgent, KeyWithAgent]> {
  return [await keyWithAgent(server), await keyWithAgent(server)];
}

async function keysOfOneApp(server: typeof oneSlot): Promise<[KeyWithAgent, KeyWithAgent]> {
  const app = await server.current.newApp();
  const agentId = await app.agent({ model: "test:model" });
  return [
    [await app.key(), agentId],
    [await app.key(), agentId],
  ];
}

/** Executes an agent `count` times, each in a new session; the model waits for its release. */
async function executeMany([key, agentId]: [KeyHolder, string], name: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await execute(key, { agentId, text: `${name} hold`, waitMs: 0 })).run.id);
  return ids;
}

test.each([
  ["an app", "another app, with one slot", oneSlot, 1, keysOfTwoApps],
  ["an app", "another app, with two slots", twoSlots, 1, keysOfTwoApps],
  ["a key", "another key of its app, with one slot", oneSlot, 1, keysOfOneApp],
  ["a key", "another key of its app, with four slots", fourSlots, 2, keysOfOneApp],
])("%s with many queued runs delays a run of %s by at most one run", async (_one, _other, server, slots, holders) => {
  const before = model.requests.length;
  const [many, few] = await holders(server);
  const ofMany = await executeMany(many, "many", 12);
  await eventually(() => model.holding === slots);
  const ofFew = await executeMany(few, "few", 3);
  const releasing = setInterval(() => model.release(), 5);
  for (const id of ofMany) expect((await finished(many[0], id)).status).toBe("SUCCEEDED");
  for (const id of ofFew) expect((await finished(few[0], id)).status).toBe("SUCCEEDED");
  clearInterval(releasing);

  const order = model.requests.slice(before).map(({ text }) => text.split(" ")[0]);
  expect(order).toHaveLength(15);
  // From the moment they were queued, each of the few started after at most one of the many.
  const rest = order.slice(slots);
  for (let nth = 1; nth <= 3; nth++) {
    const position = rest.findIndex(
      (name, i) => name === "few" && rest.slice(0, i + 1).filter((each) => each === "few").length === nth,
    );
    expect(position).toBeLessThan(2 * nth);
  }
});

test("an app whose runs do not end leaves half of the slots to others, and two such apps a quarter", async () => {
  const [first, second, third] = [
    await keyWithAgent(fourSlots),
    await keyWithAgent(fourSlots),
    await keyWithAgent(fourSlots),
  ];
  const ofFirst = await executeMany(first, "first", 5);
  await eventually(() => model.holding === 2);
  const ofSecond = await executeMany(second, "second", 5);
  await eventually(() => model.holding === 3);
  const { run } = await execute(third[0], { agentId: third[1], text: "third" });
  expect(run.status).toBe("SUCCEEDED");
  expect(model.holding).toBe(3);

  const releasing = setInterval(() => model.release(), 5);
  for (const id of ofFirst) await finished(first[0], id);
  for (const id of ofSecond) await finished(second[0], id);
  clearInterval(releasing);
});

test("a run that has to wait for its session delays no other run", async () => {
  const [key, agentId] = await keyWithAgent(fourSlots);
  const session = { reference: "busy" };
  const first = await execute(key, { agentId, session, text: "first hold", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const next = await execute(key, { agentId, session, text: "next", waitMs: 0 });
  const { run } = await execute(key, { agentId, text: "other" });
  expect(run.status).toBe("SUCCEEDED");
  model.release();
  for (const { run: each } of [first, next]) expect((await finished(key, each.id)).status).toBe("SUCCEEDED");
});

test("an app runs no more runs in parallel than its limit, and other apps continue", async () => {
  const app = await twoSlots.current.newApp();
  const limit = `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { runsAtOnce: 1 } }) { app { id } } }`;
  await twoSlots.current.admin.data(limit, { id: app.id });
  const limited: [KeyHolder, string] = [await app.key(), await app.agent({ model: "test:model" })];
  const ids = await executeMany(limited, "limited", 3);
  await eventually(() => model.holding === 1);
  const [key, agentId] = await keyWithAgent(twoSlots);
  for (let i = 0; i < 3; i++) expect((await execute(key, { agentId, text: "other" })).run.status).toBe("SUCCEEDED");
  expect(model.holding).toBe(1);
  for (const id of ids) {
    await eventually(() => model.holding === 1);
    model.release();
    expect((await finished(limited[0], id)).status).toBe("SUCCEEDED");
  }
});
