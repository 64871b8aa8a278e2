import { eventually, execute, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const oneSlot = useServer({ MAX_RUNNING_RUNS: "1" }, { "test:model": model });
const twoSlots = useServer({ MAX_RUNNING_RUNS: "2" }, { "test:model": model });
afterEach(() => model.releaseAll());

async function keyWithAgent(server: typeof oneSlot): Promise<[key: KeyHolder, agentId: string]> {
  const app = await server.current.newApp();
  return [await app.key(), await app.agent({ model: "test:model" })];
}

/** Executes an agent `count` times, each in a new session; the model waits for its release. */
async function executeMany([key, agentId]: [KeyHolder, string], name: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await execute(key, { agentId, text: `${name} hold`, waitMs: 0 })).run.id);
  return ids;
}

test.each([
  ["one slot", oneSlot, 1],
  ["two slots", twoSlots, 2],
])("an app with many queued runs delays a run of another app by at most one run (%s)", async (_name, server, slots) => {
  const before = model.requests.length;
  const [many, few] = [await keyWithAgent(server), await keyWithAgent(server)];
  const ofMany = await executeMany(many, "many", 12);
  await eventually(() => model.holding === slots);
  const ofFew = await executeMany(few, "few", 3);
  for (let i = 0; i < 15; i += slots) {
    await eventually(() => model.holding === Math.min(slots, 15 - i));
    model.release();
  }
  for (const id of ofMany) expect((await finished(many[0], id)).status).toBe("SUCCEEDED");
  for (const id of ofFew) expect((await finished(few[0], id)).status).toBe("SUCCEEDED");

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

test("a run that has to wait for its session delays no other run", async () => {
  const [key, agentId] = await keyWithAgent(twoSlots);
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
