import type { Model } from "../../../src/model/model";
import {
  cancel,
  eventually,
  execute,
  executeAgent,
  executeUnderLoad,
  finishRuns,
  finished,
  refusalOf,
  runOf,
} from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

/** Uses the number of tokens that its input begins with. If the input ends with `wait`, it does not end by itself. */
const meteredModel: Model = {
  async *answer({ text, signal }) {
    yield { kind: "text", text: "counted" };
    const tokens = Number(text.split(" ")[0]);
    yield { kind: "usage", usage: { inputTokens: tokens - 1, outputTokens: 1, totalTokens: tokens } };
    if (text.endsWith("wait")) await new Promise((_, reject) => signal.addEventListener("abort", reject));
  },
};
const pausingModel = new TestModel();
const server = useServer({}, { "test:counting": meteredModel, "test:holding": pausingModel });
afterEach(() => finishRuns(server.current, pausingModel));

const fields = "limits { runsAtOnce queuedRuns tokensPerDay }";
const updateApp = `mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { name ${fields} } } }`;
const setLimits = (id: string, limits: object) => server.current.admin.data(updateApp, { input: { id, limits } });

test("an app has no limits by default, and an update changes or removes only those that it names", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const read = async () => (await admin.data(`query ($id: ID!) { app(id: $id) { ${fields} } }`, { id: app.id })).app;
  const none = { runsAtOnce: null, queuedRuns: null, tokensPerDay: null };
  expect((await read()).limits).toEqual(none);
  await setLimits(app.id, { runsAtOnce: 3, tokensPerDay: 1_000 });
  await setLimits(app.id, { runsAtOnce: null, queuedRuns: 5 });
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
])("a limit that is out of range is refused by name: %s %d", async (name, value) => {
  const app = await server.current.newApp();
  const [error] = await server.current.admin.errors(updateApp, { input: { id: app.id, limits: { [name]: value } } });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: `input.limits.${name}` }] });
  const [nothing] = await server.current.admin.errors(updateApp, { input: { id: app.id, limits: null } });
  expect(nothing?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.limits" }] });
});

test("an execution over the daily tokens is refused with the usage and the time of reset, and a new day starts at zero", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:counting" });
  await setLimits(app.id, { tokensPerDay: 100 });
  const { run } = await execute(key, { agentId, text: "60", idempotencyKey: "first" });
  expect(run.usage).toEqual({ totalTokens: 60 });
  await execute(key, { agentId, text: "60" });

  const [error] = await key.errors(executeAgent, { input: { agentId, text: "1" } });
  const midnight = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000).toISOString();
  expect(error?.extensions).toEqual({
    code: "LIMIT_REACHED",
    limit: "tokensPerDay",
    of: "APP",
    max: 100,
    allowed: 100,
    used: 120,
    availableAt: midnight,
    retryAfterMs: expect.any(Number) as number,
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

test("the tokens of a cancelled run count", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:counting" });
  await setLimits(app.id, { tokensPerDay: 10 });
  const { run } = await execute(key, { agentId, text: "50 wait", waitMs: 0 });
  await eventually(async () => (await runOf(key, run.id)).status === "RUNNING");
  // The server must have received the usage before the run is cancelled.
  await eventually(async () => {
    const [row] = await server.current.sql(`SELECT eventCount FROM run WHERE id = '${run.id}'`);
    return Number(row?.["eventCount"]) >= 2;
  });
  await cancel(key, run.id);
  await eventually(async () => (await refusalOf(key, { agentId, text: "1", waitMs: 0 })) === "LIMIT_REACHED");
  expect((await runOf(key, run.id)).usage).toEqual({ totalTokens: 50 });
});

test("the tokens of runs that end concurrently are all counted", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:counting" });
  await Promise.all(Array.from({ length: 20 }, () => executeUnderLoad(key, { agentId, text: "7" })));
  await setLimits(app.id, { tokensPerDay: 1 });
  const [error] = await key.errors(executeAgent, { input: { agentId, text: "1" } });
  expect(error?.extensions).toMatchObject({ used: 140 });
});

test("of concurrent executions, no more are accepted than may be queued", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:holding" });
  await setLimits(app.id, { queuedRuns: 3 });
  const { run, session } = await execute(key, { agentId, text: "hold", waitMs: 0 });
  await eventually(() => pausingModel.holding === 1);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => refusalOf(key, { agentId, session: { id: session.id }, waitMs: 0 })),
  );
  expect(answers.filter((code) => code === undefined)).toHaveLength(3);
  expect(answers.filter((code) => code === "LIMIT_REACHED")).toHaveLength(7);

  pausingModel.release();
  await finished(key, run.id);
  await eventually(async () => (await refusalOf(key, { agentId, session: { id: session.id } })) === undefined);
});

/** Such a run starts within about half a second; a busy machine takes longer. */
const maxStartMs = 3_000;

test.each(["app", "scope", "key"])(
  "a run that waits for the limit of its %s starts once the limit is raised or removed, although nothing else happens",
  async (kind) => {
    const app = await server.current.newApp();
    const key = await app.key();
    const agentId = await app.agent({ model: "test:holding" });
    const { admin } = server.current;
    const limit = (runsAtOnce: number | null) =>
      kind === "app"
        ? setLimits(app.id, { runsAtOnce })
        : kind === "scope"
          ? admin.data(`mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { id } } }`, {
              input: { id: key.scopeId, limits: { runsAtOnce } },
            })
          : admin.data(`mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id } } }`, {
              input: { id: key.keyId, limits: { runsAtOnce } },
            });
    await limit(1);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await execute(key, { agentId, text: "hold", waitMs: 0 })).run.id);
    await eventually(() => pausingModel.holding === 1);
    await limit(2);
    await eventually(() => pausingModel.holding === 2, maxStartMs);
    await limit(null);
    await eventually(() => pausingModel.holding === 3, maxStartMs);
    for (const id of ids) expect((await runOf(key, id)).status).toBe("RUNNING");
  },
);
