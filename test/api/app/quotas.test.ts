import { randomUUID } from "node:crypto";
import type { Client } from "../../support/client";
import { cancel, eventually, execute, executeAgent, finishRuns, refusalOf } from "../../support/runs";
import { allowHosts } from "../../support/allowed-hosts";
import { useServer } from "../../support/server";
import { Connection } from "../../support/streams";
import { TestModel } from "../../support/test-model";
import type { TestApp } from "../../support/test-app";

const model = new TestModel();
const server = useServer({ ...allowHosts("127.0.0.1") }, { "test:holding": model });
afterEach(() => finishRuns(server.current, model));

const createSession = `mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { id } } }`;
const terminateSession = `mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`;
const createAgent = `mutation ($input: CreateAgentInput!) { createAgent(input: $input) { agent { id } } }`;

async function limitedApp(limits: object): Promise<TestApp> {
  const app = await server.current.newApp();
  await setLimits(app, limits);
  return app;
}

const setLimits = (app: TestApp, limits: object) =>
  server.current.admin.data(`mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { id } } }`, {
    input: { id: app.id, limits },
  });

const usageOf = async ({ id }: TestApp): Promise<Record<string, number>> => {
  const [row] = await server.current.sql(
    `SELECT sessions, documents, documentBytes, agents, messageBytes FROM app_usage WHERE appId = '${id}'`,
  );
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)]));
};

const codesOf = (client: Client, document: string, inputs: readonly object[]): Promise<(string | undefined)[]> =>
  Promise.all(inputs.map((input) => client.code(document, { input })));

const accepted = (codes: readonly (string | undefined)[]): number => codes.filter((code) => code === undefined).length;

test("a new app has limits by default, and each can be removed", async () => {
  const app = await server.current.newApp();
  const fields = `sessions documents documentBytes agents messageBytes openStreams waitingExecutions pendingCallbacks callbackHosts`;
  const read = async () =>
    (await server.current.admin.data(`query ($id: ID!) { app(id: $id) { limits { ${fields} } } }`, { id: app.id })).app
      .limits as Record<string, number | null>;
  for (const value of Object.values(await read())) expect(value).toBeGreaterThan(100);
  await setLimits(app, Object.fromEntries(fields.split(" ").map((field) => [field, null])));
  for (const value of Object.values(await read())) expect(value).toBeNull();
});

test("of concurrent requests, no more sessions are opened than the app may have, and a terminated one makes room", async () => {
  const app = await limitedApp({ sessions: 3 });
  const key = await app.key();
  const agentId = await app.agent();
  expect(accepted(await codesOf(key, createSession, Array(8).fill({})))).toBe(3);
  const [error] = await key.errors(createSession, { input: {} });
  expect(error?.message).toContain("3 active sessions");
  expect(error?.extensions).toMatchObject({ code: "LIMIT_REACHED", limit: "sessions", of: "APP", max: 3, used: 3 });
  expect(await refusalOf(key, { agentId })).toBe("LIMIT_REACHED");

  const [{ id } = {}] = (await key.data(`{ sessions(first: 1) { nodes { id } } }`)).sessions.nodes;
  await execute(key, { agentId, session: { id } });
  for (let i = 0; i < 2; i++) await key.data(terminateSession, { id });
  expect(await refusalOf(key, { agentId })).toBeUndefined();
  expect(await refusalOf(key, { agentId })).toBe("LIMIT_REACHED");
  expect(await usageOf(app)).toMatchObject({ sessions: 3 });
});

test("what is refused for a limit leaves nothing behind", async () => {
  const app = await limitedApp({ messageBytes: 10 });
  const key = await app.key();
  const agentId = await app.agent();
  expect(await refusalOf(key, { agentId, text: "123456", idempotencyKey: "once" })).toBe("LIMIT_REACHED");
  expect(await usageOf(app)).toMatchObject({ sessions: 0, messageBytes: 0 });
  expect((await key.data(`{ sessions { nodes { id } } }`)).sessions.nodes).toEqual([]);
  await setLimits(app, { messageBytes: 12 });
  expect((await execute(key, { agentId, text: "123456", idempotencyKey: "once" })).replayed).toBe(false);
});

test("documents are limited by number and by size, and room is given back by deletion and termination", async () => {
  const app = await limitedApp({ documents: 3, documentBytes: 100 });
  const key = await app.key();
  const sessionId = await app.session();
  const upload = async (content: string) => {
    const { body } = await key.upload(sessionId, content);
    return body.errors?.[0]?.extensions as Record<string, unknown> | undefined;
  };
  expect(await upload("x".repeat(101))).toMatchObject({ limit: "documentBytes", max: 100, used: 0 });
  expect(await upload("x".repeat(60))).toBeUndefined();
  expect(await upload("x".repeat(41))).toMatchObject({ limit: "documentBytes", max: 100, used: 60 });
  for (let i = 0; i < 2; i++) expect(await upload("x")).toBeUndefined();
  expect(await upload("x")).toMatchObject({ code: "LIMIT_REACHED", limit: "documents", max: 3, used: 3 });

  const query = `query ($id: ID!) { session(id: $id) { documents { id size } } }`;
  const [{ id } = { id: "" }] = (await key.data(query, { id: sessionId })).session.documents;
  const deleteDocument = `mutation ($id: ID!) { deleteDocument(input: { id: $id }) { id } }`;
  await key.data(deleteDocument, { id });
  expect(await usageOf(app)).toMatchObject({ documents: 2, documentBytes: 2 });
  expect(await key.code(deleteDocument, { id })).toBe("NOT_FOUND");
  await key.data(terminateSession, { id: sessionId });
  expect(await usageOf(app)).toMatchObject({ sessions: 0, documents: 0, documentBytes: 0 });
});

test("of concurrent requests, no more agents are created than the app may have, and a deleted one makes room", async () => {
  const app = await limitedApp({ agents: 2 });
  const inputs = Array.from({ length: 6 }, () => ({ appId: app.id, name: `agent ${randomUUID()}` }));
  const { admin } = server.current;
  expect(accepted(await codesOf(admin, createAgent, inputs))).toBe(2);
  const query = `query ($appId: ID!) { agents(appId: $appId) { nodes { id } } }`;
  const [{ id } = {}] = (await admin.data(query, { appId: app.id })).agents.nodes;
  await admin.data(`mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`, { id });
  expect(accepted(await codesOf(admin, createAgent, inputs.slice(0, 1)))).toBe(1);
  expect(await usageOf(app)).toMatchObject({ agents: 2 });
});

test("the bytes of messages and runs count with their answers and events, also of runs that were cancelled", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  const { run } = await execute(key, { agentId, text: "abc" });
  // The text as input and message, the answer as event, output and message, and an empty list of citations.
  expect(await usageOf(app)).toMatchObject({ messageBytes: 2 * 3 + 3 * run.output.length + 2 });

  const holding = await app.agent({ model: "test:holding" });
  const before = await usageOf(app);
  const { run: waiting } = await execute(key, { agentId: holding, text: "hold", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const { output } = await cancel(key, waiting.id);
  expect((await usageOf(app))["messageBytes"]).toBe(
    (before["messageBytes"] ?? 0) + 2 * 4 + 2 * (output ?? "").length + 2,
  );
});

test("callbacks that wait are limited by number, and by hosts", async () => {
  const app = await limitedApp({ pendingCallbacks: 3, callbackHosts: 2 });
  const key = await app.key();
  const agentId = await app.agent({ model: "test:holding" });
  await server.current.admin.data(
    `mutation ($appId: ID!) { replaceCallbackSecret(input: { appId: $appId }) { secret } }`,
    { appId: app.id },
  );
  const limitOf = async (port: number) => {
    const input = { agentId, text: "hold", waitMs: 0, callbackUrl: `http://127.0.0.1:${port}/` };
    const { body } = await key.send(executeAgent, { input });
    return (body as { errors?: { extensions: Record<string, unknown> }[] }).errors?.[0]?.extensions;
  };
  expect(await limitOf(1)).toBeUndefined();
  expect(await limitOf(2)).toBeUndefined();
  expect(await limitOf(3)).toMatchObject({ code: "LIMIT_REACHED", limit: "callbackHosts", max: 2, used: 2 });
  expect(await limitOf(2)).toBeUndefined();
  expect(await limitOf(2)).toMatchObject({ code: "LIMIT_REACHED", limit: "pendingCallbacks", max: 3, used: 3 });
});

test("executions that wait and streams that are open are limited, and one that ends makes room", async () => {
  const app = await limitedApp({ waitingExecutions: 1, openStreams: 1 });
  const key = await app.key();
  const agentId = await app.agent({ model: "test:holding" });
  const waiting = execute(key, { agentId, text: "hold", waitMs: 60_000 });
  await eventually(() => model.holding === 1);
  const [error] = await key.errors(executeAgent, { input: { agentId, text: "hi", waitMs: 1_000 } });
  expect(error?.extensions).toMatchObject({ code: "LIMIT_REACHED", limit: "waitingExecutions", of: "APP", max: 1 });
  const { run } = await execute(key, { agentId, text: "hold", waitMs: 0 });

  const subscription = `subscription ($id: ID!) { runEvents(runId: $id) { index } }`;
  const connection = Connection.of(key);
  await connection.opened;
  const first = connection.read(subscription, { id: run.id });
  await first.until(1);
  const second = connection.read(subscription, { id: run.id });
  expect(await second.end).toMatchObject([{ extensions: { code: "LIMIT_REACHED", limit: "subscriptions", max: 1 } }]);
  await eventually(() => model.holding === 2);
  await model.releaseAll();
  await first.all();
  await connection.read(subscription, { id: run.id }).all();
  connection.close();
  await waiting;
  expect(await refusalOf(key, { agentId, text: "hi" })).toBeUndefined();
});

test("the counters of an app are what its rows are, after work of all kinds that ran concurrently", async () => {
  const app = await limitedApp({ sessions: 6, documents: 5, agents: 4 });
  const key = await app.key();
  const agentId = await app.agent();
  const work = async (i: number) => {
    const answer = await key.send(createSession, { input: {} });
    const id = (answer.body as { data?: { createSession?: { session: { id: string } } } }).data?.createSession?.session
      .id;
    if (id === undefined) return;
    await key.upload(id, "x".repeat(i + 1));
    await refusalOf(key, { agentId, session: { id } });
    await codesOf(server.current.admin, createAgent, [{ appId: app.id, name: `a ${i}` }]);
    if (i % 2 === 0) await key.data(terminateSession, { id });
  };
  await Promise.all(Array.from({ length: 12 }, (_, i) => work(i)));
  const [rows] = await server.current.sql(`SELECT
    (SELECT COUNT(*) FROM session WHERE appId = '${app.id}' AND terminatedAt IS NULL) AS sessions,
    (SELECT COUNT(*) FROM document WHERE appId = '${app.id}') AS documents,
    (SELECT COALESCE(SUM(size), 0) FROM document WHERE appId = '${app.id}') AS documentBytes,
    (SELECT COUNT(*) FROM agent WHERE appId = '${app.id}') AS agents,
    (SELECT COALESCE(SUM(countedBytes), 0) FROM run WHERE appId = '${app.id}') AS messageBytes`);
  const expected = Object.fromEntries(Object.entries(rows ?? {}).map(([name, value]) => [name, Number(value)]));
  expect(await usageOf(app)).toEqual(expected);
});
