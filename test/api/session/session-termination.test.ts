import { setTimeout as delay } from "node:timers/promises";
import {
  eventsOf,
  eventually,
  execute,
  executeAgent,
  expectWhole,
  finishRuns,
  refusalOf,
  runOf,
} from "../../support/runs";
import { useServer } from "../../support/server";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => finishRuns(server.current, model));
const cancelRun = `mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { id } } }`;
const terminateSession = `mutation ($input: TerminateSessionInput!) {
  terminateSession(input: $input) { session { id reference metadata status lastActivityAt terminatedAt } }
}`;

test("a termination needs exactly one of id and reference", async () => {
  const app = await server.current.newApp();
  const key = await app.key({ runtime: ["SESSION_TERMINATE", "SESSION_VIEW"] });
  const [one, two] = [await app.session({ reference: "one" }), await app.session({ reference: "two" })];

  for (const input of [{}, { id: null, reference: null }, { id: one, reference: "one" }]) {
    expect(await key.code(terminateSession, { input })).toBe("BAD_USER_INPUT");
  }
  expect((await key.data(terminateSession, { input: { id: one } })).terminateSession.session).toMatchObject({
    id: one,
    status: "TERMINATED",
  });
  expect((await key.data(terminateSession, { input: { reference: "two" } })).terminateSession.session.id).toBe(two);
  expect(await key.code(terminateSession, { input: { reference: "three" } })).toBe("NOT_FOUND");
});

test("an administrator must pass the app with a reference, and need not with an id", async () => {
  const { admin } = server.current;
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  const id = await app.session({ reference: "order" });

  const [error] = await admin.errors(terminateSession, { input: { reference: "order" } });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.appId" }] });
  for (const input of [
    { id, appId: other.id },
    { reference: "order", appId: other.id },
  ]) {
    expect(await admin.code(terminateSession, { input })).toBe("NOT_FOUND");
    expect(await (await other.key()).code(terminateSession, { input })).toBe("NOT_FOUND");
  }
  expect(await admin.code(terminateSession, { input: { reference: "order", appId: app.id } })).toBeUndefined();
  expect(await admin.code(terminateSession, { input: { id } })).toBeUndefined();
});

test("terminating a session again changes nothing, by id and by reference", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const id = await app.session({ reference: "order", metadata: { b: 1, a: [2] } });
  const first = await key.send(terminateSession, { input: { id } });
  expect(first.body.data.terminateSession.session.terminatedAt).toEqual(expect.any(String));

  expect((await key.send(terminateSession, { input: { id } })).text).toBe(first.text);
  expect((await key.send(terminateSession, { input: { reference: "order" } })).text).toBe(first.text);
});

test("a reference that was used more than once means the active session, or the newest if none is active", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const terminate = async () =>
    (await key.data(terminateSession, { input: { reference: "order" } })).terminateSession.session.id as string;

  const one = await app.session({ reference: "order" });
  expect(await terminate()).toBe(one);
  const two = await app.session({ reference: "order" });
  expect(await terminate()).toBe(two);
  expect(await terminate()).toBe(two);
});

test("a termination cancels runs and deletes documents, and keeps messages and output", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const { run: done, session } = await execute(key, { agentId, text: "hello" });
  await app.document(session.id);
  const input = { agentId, session: { id: session.id }, waitMs: 0 };
  const { run: running } = await execute(key, { ...input, text: "one hold two" });
  const { run: queued } = await execute(key, { ...input, text: "three" });
  await eventually(() => model.holding === 1);

  await key.data(terminateSession, { input: { id: session.id } });
  const query = `query ($id: ID!) { session(id: $id) {
    documents { id } runs { nodes { id status output } } messages { nodes { role text } }
  } }`;
  expect((await key.data(query, { id: session.id })).session).toEqual({
    documents: [],
    runs: {
      nodes: [
        { id: queued.id, status: "CANCELLED", output: null },
        { id: running.id, status: "CANCELLED", output: "one hold " },
        { id: done.id, status: "SUCCEEDED", output: "hello " },
      ],
    },
    messages: {
      nodes: [
        { role: "USER", text: "hello" },
        { role: "AGENT", text: "hello " },
        { role: "USER", text: "one hold two" },
        { role: "USER", text: "three" },
      ],
    },
  });
  await eventually(() => model.holding === 0);
  expect(model.requests.at(-1)).toMatchObject({ text: "one hold two", signal: { aborted: true } });
  for (const { id } of [running, queued]) expectWhole(await eventsOf(key, id), await runOf(key, id));
});

test("a caller that waits for a run of a terminated session is answered immediately", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const waiting = execute(key, { agentId, session: { reference: "order" }, text: "one hold two" });
  await eventually(() => model.holding === 1);

  await key.data(terminateSession, { input: { reference: "order" } });
  expect((await waiting).run).toMatchObject({ status: "CANCELLED", output: "one hold " });
});

test("a terminated session refuses executions and uploads, and its reference is available again", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  const id = await app.session({ reference: "order" });
  await key.data(terminateSession, { input: { id } });

  expect(await refusalOf(key, { agentId, session: { id } })).toBe("SESSION_TERMINATED");
  const { body } = await key.upload(id, "The barn is red.");
  expect(body.errors[0].extensions.code).toBe("SESSION_TERMINATED");
  const { session, sessionCreated } = await execute(key, { agentId, session: { reference: "order" } });
  expect(sessionCreated).toBe(true);
  expect(session.id).not.toBe(id);
});

test("runs that are accepted during a termination are cancelled by it", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent({ model: "test:model" });
  for (let round = 0; round < 5; round++) {
    const id = await app.session();
    const input = { agentId, session: { id }, text: "one hold two", waitMs: 0 };
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => key.send(executeAgent, { input })),
      key.send(terminateSession, { input: { id } }),
      ...Array.from({ length: 4 }, () => key.send(executeAgent, { input })),
    ]);
    const codes = answers.map(({ body }) => body.errors?.[0].extensions.code);
    expect(codes[4]).toBeUndefined();
    expect(codes.filter((code) => code !== undefined && code !== "SESSION_TERMINATED")).toEqual([]);

    const query = `query ($id: ID!) { session(id: $id) { runs { nodes { id status } } messages { nodes { runId } } } }`;
    const { runs, messages } = (await key.data(query, { id })).session;
    expect(runs.nodes).toHaveLength(codes.filter((code) => code === undefined).length - 1);
    expect(runs.nodes.filter(({ status }: { status: string }) => status !== "CANCELLED")).toEqual([]);
    expect(messages.nodes).toHaveLength(runs.nodes.length);
  }
});

describe("a deleted app", () => {
  const deleteApp = `mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`;

  test("cancels its runs and their model calls, and answers waiting callers immediately", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const agentId = await app.agent({ model: "test:model" });
    const waiting = refusalOf(admin, { agentId, text: "one hold" });
    await eventually(() => model.holding === 1);
    await admin.data(deleteApp, { id: app.id });
    expect(await waiting).toBe("NOT_FOUND");
    expect(model.holding).toBe(0);
  });

  test("refuses concurrent executions, and leaves no rows behind", async () => {
    const { admin } = server.current;
    for (let round = 0; round < 6; round++) {
      const app = await server.current.newApp();
      const agentId = await app.agent({ model: "test:model" });
      const session = { id: await app.session() };
      const { run } = await execute(admin, { agentId, session, text: "one hold", waitMs: 0 });
      const executions = Array.from({ length: 8 }, async (_, i) => {
        await delay(i);
        return refusalOf(admin, {
          agentId,
          session: i % 2 ? session : null,
          waitMs: 0,
          idempotencyKey: `${round} ${i}`,
        });
      });
      const deletion = delay(round).then(() => admin.code(deleteApp, { id: app.id }));
      const cancelling = delay(round).then(() => admin.code(cancelRun, { id: run.id }));

      expect(await deletion).toBeUndefined();
      expect([undefined, "NOT_FOUND"]).toContain(await cancelling);
      const codes = await Promise.all(executions);
      expect(codes.filter((code) => code !== undefined && code !== "NOT_FOUND")).toEqual([]);
      for (const table of ["session", "run"]) {
        expect(await server.current.sql(`SELECT id FROM ${table} WHERE appId = '${app.id}'`)).toEqual([]);
      }
    }
  });

  test("accepts nothing new, also from a caller that was authenticated before the deletion", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const key = await app.key();
    // The state between the first and the last step of a deletion, for a key that was authenticated before the first.
    await server.current.sql(`UPDATE app SET deletedAt = '2026-01-01 12:00:00.000' WHERE id = '${app.id}'`);

    for (const create of [
      `createAgent(input: { name: "late" }) { agent { id } }`,
      `createSession(input: { reference: "late" }) { session { id } }`,
    ]) {
      expect(await key.code(`mutation { ${create} }`)).toBe("NOT_FOUND");
    }
    const connection = `{ appId: "${app.id}", name: "late", provider: OPENAI, apiKey: "k" }`;
    const createConnection = `createModelConnection(input: ${connection}) { modelConnection { id } }`;
    expect(await admin.code(`mutation { ${createConnection} }`)).toBe("NOT_FOUND");
    for (const table of ["agent", "session", "model_connection"]) {
      expect(await server.current.sql(`SELECT id FROM ${table} WHERE appId = '${app.id}'`)).toEqual([]);
    }
  });
});
