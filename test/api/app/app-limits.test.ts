import type { Model } from "../../../src/model/model";
import { execute, executeAgent, eventually, finished, refusalOf, runOf, cancel } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

/** Takes as many tokens as it is told, and waits before it ends where it is told so. */
const counting: Model = {
  async *answer({ text, signal }) {
    yield { kind: "text", text: "counted" };
    const tokens = Number(text.split(" ")[0]);
    yield { kind: "usage", usage: { inputTokens: tokens - 1, outputTokens: 1, totalTokens: tokens } };
    if (text.endsWith("wait")) await new Promise((_, reject) => signal.addEventListener("abort", reject));
  },
};
const holding = new TestModel();
const server = useServer({}, { "test:counting": counting, "test:holding": holding });
afterEach(() => holding.releaseAll());

const fields = "limits { runsAtOnce queuedRuns tokensPerDay }";
const updateApp = `mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { name ${fields} } } }`;
const limit = (id: string, limits: object) => server.current.admin.data(updateApp, { input: { id, limits } });

test("an app has no limits but those that it is given, which are changed and taken away one by one", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const read = async () => (await admin.data(`query ($id: ID!) { app(id: $id) { ${fields} } }`, { id: app.id })).app;
  const none = { runsAtOnce: null, queuedRuns: null, tokensPerDay: null };
  expect((await read()).limits).toEqual(none);
  await limit(app.id, { runsAtOnce: 3, tokensPerDay: 1_000 });
  await limit(app.id, { runsAtOnce: null, queuedRuns: 5 });
  expect((await read()).limits).toEqual({ runsAtOnce: null, queuedRuns: 5, tokensPerDay: 1_000 });
  await admin.data(updateApp, { input: { id: app.id, description: "x" } });
  expect((await read()).limits).toEqual({ runsAtOnce: null, queuedRuns: 5, tokensPerDay: 1_000 });

  const { createApp } = await admin.data(
    `mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id ${fields} } } }`,
    { input: { name: `limited ${app.id}`, limits: { queuedRuns: 0 } } },
  );
  expect(createApp.app.limits).toEqual({ ...none, queuedRuns: 0 });
});

test.each([
  ["runsAtOnce", 0],
  ["queuedRuns", -1],
  ["tokensPerDay", 2_000_000_001],
])("a limit that can't be meant is refused by its name: %s %d", async (name, value) => {
  const app = await server.current.newApp();
  const [error] = await server.current.admin.errors(updateApp, { input: { id: app.id, limits: { [name]: value } } });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: `input.limits.${name}` }] });
  const [nothing] = await server.current.admin.errors(updateApp, { input: { id: app.id, limits: null } });
  expect(nothing?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.limits" }] });
});

test("tokens that are used up are said with how many, and when there are more; a new day has its own", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:counting" });
  await limit(app.id, { tokensPerDay: 100 });
  const { run } = await execute(key, { agentId, text: "60", idempotencyKey: "first" });
  expect(run.usage).toEqual({ totalTokens: 60 });
  await execute(key, { agentId, text: "60" });

  const [error] = await key.errors(executeAgent, { input: { agentId, text: "1" } });
  const midnight = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000).toISOString();
  expect(error?.extensions).toEqual({
    code: "LIMIT_REACHED",
    limit: "tokensPerDay",
    allowed: 100,
    used: 120,
    availableAt: midnight,
  });
  const { replayed } = await execute(key, { agentId, text: "60", idempotencyKey: "first" });
  expect(replayed).toBe(true);
  expect(await refusalOf(await (await server.current.newApp()).key(), { agentId })).toBe("NOT_FOUND");

  await server.current.sql(`UPDATE token_use SET day = '2001-01-01' WHERE appId = '${app.id}'`);
  await execute(key, { agentId, text: "40" });
  expect(await server.current.sql(`SELECT tokens FROM token_use WHERE appId = '${app.id}'`)).toEqual([
    { tokens: expect.anything() },
  ]);
  await execute(key, { agentId, text: "59" });
  await execute(key, { agentId, text: "1" });
  expect(await refusalOf(key, { agentId, text: "1" })).toBe("LIMIT_REACHED");
});

test("what a cancelled run took counts", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:counting" });
  await limit(app.id, { tokensPerDay: 10 });
  const { run } = await execute(key, { agentId, text: "50 wait", waitMs: 0 });
  await eventually(async () => (await runOf(key, run.id)).status === "RUNNING");
  // It must have been told what it took before it is cancelled.
  await eventually(async () => {
    const [told] = await server.current.sql(`SELECT eventCount FROM run WHERE id = '${run.id}'`);
    return Number(told?.["eventCount"]) >= 2;
  });
  await cancel(key, run.id);
  await eventually(async () => (await refusalOf(key, { agentId, text: "1", waitMs: 0 })) === "LIMIT_REACHED");
  expect((await runOf(key, run.id)).usage).toEqual({ totalTokens: 50 });
});

test("runs that end at the same moment are all counted", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:counting" });
  await Promise.all(Array.from({ length: 20 }, () => execute(key, { agentId, text: "7" })));
  await limit(app.id, { tokensPerDay: 1 });
  const [error] = await key.errors(executeAgent, { input: { agentId, text: "1" } });
  expect(error?.extensions).toMatchObject({ used: 140 });
});

test("of executions at the same moment no more are accepted than may wait", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:holding" });
  await limit(app.id, { queuedRuns: 3 });
  const { run, session } = await execute(key, { agentId, text: "hold", waitMs: 0 });
  await eventually(() => holding.holding === 1);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => refusalOf(key, { agentId, session: { id: session.id }, waitMs: 0 })),
  );
  expect(answers.filter((code) => code === undefined)).toHaveLength(3);
  expect(answers.filter((code) => code === "LIMIT_REACHED")).toHaveLength(7);

  holding.release();
  await finished(key, run.id);
  await eventually(async () => (await refusalOf(key, { agentId, session: { id: session.id } })) === undefined);
});
