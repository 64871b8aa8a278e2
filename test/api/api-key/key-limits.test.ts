import type { Model } from "../../../src/model/model";
import { eventually, execute, executeAgent, finishRuns, refusalOf, runOf } from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";
import type { KeyHolder } from "../../support/test-app";

/** Uses as many tokens as its input says. */
const meteredModel: Model = {
  async *answer({ text }) {
    await Promise.resolve();
    const totalTokens = Number(text);
    yield { kind: "text", text: "counted" };
    yield { kind: "usage", usage: { inputTokens: totalTokens, outputTokens: 0, totalTokens } };
  },
};
const pausingModel = new TestModel();
const server = useServer({}, { "test:counting": meteredModel, "test:holding": pausingModel });
afterEach(() => finishRuns(server.current, pausingModel));

const fields = "limits { requestsPerSecond requestBurst tokensPerDay runsAtOnce }";
const none = { requestsPerSecond: null, requestBurst: null, tokensPerDay: null, runsAtOnce: null };

const limitKey = async ({ keyId }: KeyHolder, limits: object) =>
  (
    await server.current.admin.data(
      `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { name ${fields} } } }`,
      { input: { id: keyId, limits } },
    )
  ).updateApiKey.apiKey;

const limitScope = async (id: string, limits: object) =>
  (
    await server.current.admin.data(
      `mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { name ${fields} } } }`,
      { input: { id, limits } },
    )
  ).updateScope.scope;

test("keys and scopes have no limits by default, and an update changes only those that it names", async () => {
  const key = await (await server.current.newApp()).key();
  const query = `query ($id: ID!) { apiKey(id: $id) { ${fields} scope { ${fields} } } }`;
  const read = async () => (await server.current.admin.data(query, { id: key.keyId })).apiKey;
  expect(await read()).toEqual({ limits: none, scope: { limits: none } });
  await limitKey(key, { tokensPerDay: 5, runsAtOnce: 2 });
  await limitKey(key, { tokensPerDay: null, requestsPerSecond: 100 });
  await limitScope(key.scopeId, { requestBurst: 50 });
  expect(await read()).toEqual({
    limits: { ...none, runsAtOnce: 2, requestsPerSecond: 100 },
    scope: { limits: { ...none, requestBurst: 50 } },
  });
  const updateApiKey = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id } } }`;
  const invalid = { input: { id: key.keyId, limits: { runsAtOnce: 0 } } };
  const [error] = await server.current.admin.errors(updateApiKey, invalid);
  expect(error?.extensions).toMatchObject({ fields: [{ field: "input.limits.runsAtOnce" }] });
});

test("the tokens of a key are limited by the narrowest of its own limit and that of its scope", async () => {
  const app = await server.current.newApp();
  const scopeId = (await app.key()).scopeId;
  const [one, other] = [await app.key(scopeId), await app.key(scopeId)];
  const agentId = await app.agent({ model: "test:counting" });
  await limitKey(one, { tokensPerDay: 50 });
  await limitScope(scopeId, { tokensPerDay: 100 });

  await execute(one, { agentId, text: "60" });
  const [error] = await one.errors(executeAgent, { input: { agentId, text: "1" } });
  expect(error?.extensions).toMatchObject({
    code: "LIMIT_REACHED",
    ...{ limit: "tokensPerDay", of: "API_KEY", max: 50, used: 60 },
    retryAfterMs: expect.any(Number) as number,
  });
  await execute(other, { agentId, text: "40" });
  const [shared] = await other.errors(executeAgent, { input: { agentId, text: "1" } });
  expect(shared?.extensions).toMatchObject({ limit: "tokensPerDay", of: "SCOPE", max: 100, used: 100 });
  expect(await refusalOf(server.current.admin, { agentId, text: "1" })).toBeUndefined();
  expect(await refusalOf(await app.key(), { agentId, text: "1" })).toBeUndefined();
});

test("a key or a scope that runs as much as it may keeps no run of another key waiting", async () => {
  const app = await server.current.newApp();
  const agentId = await app.agent({ model: "test:holding" });
  const scopeId = (await app.key()).scopeId;
  const [one, mate, free] = [await app.key(scopeId), await app.key(scopeId), await app.key()];
  await limitKey(one, { runsAtOnce: 1 });
  await limitScope(scopeId, { runsAtOnce: 2 });

  const start = async (key: KeyHolder) => (await execute(key, { agentId, text: "hold", waitMs: 0 })).run.id as string;
  const ofOne = [await start(one), await start(one)];
  const ofMate = [await start(mate), await start(mate)];
  const ofFree = await start(free);
  const statuses = () =>
    Promise.all([...ofOne, ...ofMate, ofFree].map(async (id) => (await runOf(server.current.admin, id)).status));
  await eventually(async () => (await statuses()).filter((status) => status === "RUNNING").length === 3);
  expect(await statuses()).toEqual(["RUNNING", "QUEUED", "RUNNING", "QUEUED", "RUNNING"]);
  await eventually(async () => {
    await pausingModel.releaseAll();
    return (await statuses()).every((status) => status === "SUCCEEDED");
  });
});
