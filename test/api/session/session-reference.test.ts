import { execute, executeAgent, refusalOf } from "../../support/runs";
import { useServer } from "../../support/server";
import type { TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const server = useServer({}, { "test:model": new TestModel() });
const unknown = "00000000-0000-7000-8000-000000000000";

async function appWithAgent(): Promise<[app: TestApp, agentId: string]> {
  const app = await server.current.newApp();
  return [app, await app.agent({ model: "test:model" })];
}

test("an execution with a session id uses that session, and opens none", async () => {
  const [app, agentId] = await appWithAgent();
  const [key, stranger] = [await app.key(), await server.current.newApp()];
  const id = await app.session({ reference: "order" });

  expect(await execute(key, { agentId, session: { id } })).toMatchObject({ session: { id }, sessionCreated: false });
  for (const missing of [unknown, "", "order", await stranger.session()]) {
    const [error] = await key.errors(executeAgent, { input: { agentId, session: { id: missing }, text: "one" } });
    expect(error).toMatchObject({ message: "There is no session with this id.", extensions: { code: "NOT_FOUND" } });
  }
});

test("with an id and a reference, the id is used, and the reference opens no session", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  const [id] = [await app.session({ reference: "one" }), await app.session({ reference: "two" })];

  for (const reference of ["two", "three"]) {
    expect((await execute(key, { agentId, session: { id, reference } })).session.id).toBe(id);
    expect(await refusalOf(key, { agentId, session: { id: unknown, reference } })).toBe("NOT_FOUND");
  }
  const { sessions } = await key.data(`{ sessions { totalCount } }`);
  expect(sessions.totalCount).toBe(2);
});

test("an execution with a reference uses the active session of the app, or opens one with the given properties", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  const [other, othersAgent] = await appWithAgent();
  await execute(await other.key(), { agentId: othersAgent, session: { reference: "order" } });

  const session = { reference: "order", userReference: "ada", metadata: { plan: "pro" } };
  const opened = await execute(key, { agentId, session });
  expect(opened.sessionCreated).toBe(true);
  const found = await execute(key, { agentId, session: { ...session, metadata: { plan: "free" } } });
  expect(found).toMatchObject({ sessionCreated: false, session: opened.session });
  const created = await app.session({ reference: "created" });
  expect((await execute(key, { agentId, session: { reference: "created" } })).session.id).toBe(created);

  const query = `query ($id: ID!) { session(id: $id) { reference userReference metadata status runs { nodes { id } } } }`;
  expect((await key.data(query, { id: opened.session.id })).session).toEqual({
    ...session,
    status: "ACTIVE",
    runs: { nodes: [{ id: found.run.id }, { id: opened.run.id }] },
  });
});

test("an execution without id and reference always opens a new session", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  const sessions = [
    undefined,
    null,
    {},
    { id: null, reference: null },
    { userReference: "ada" },
    { userReference: "ada" },
  ];
  const ids = new Set<string>();
  for (const session of sessions) {
    const answer = await execute(key, { agentId, session });
    expect(answer.sessionCreated).toBe(true);
    ids.add(answer.session.id);
  }
  expect(ids.size).toBe(sessions.length);
});

test("a user reference must be the owner's, byte for byte", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  const id = await app.session({ reference: "ada's", userReference: "ada" });
  const ownerless = await app.session({ reference: "nobody's" });

  expect((await execute(key, { agentId, session: { id } })).session.id).toBe(id);
  for (const named of [{ id }, { reference: "ada's" }]) {
    const session = { ...named, userReference: "ada" };
    expect((await execute(key, { agentId, session })).session.id).toBe(id);
    for (const userReference of ["eve", "Ada", "ada "]) {
      expect(await refusalOf(key, { agentId, session: { ...named, userReference } })).toBe("NOT_FOUND");
    }
  }
  for (const named of [{ id: ownerless }, { reference: "nobody's" }]) {
    expect(await refusalOf(key, { agentId, session: { ...named, userReference: "ada" } })).toBe("NOT_FOUND");
  }
});

test("a session with a user reference is found by its reference only with that user reference", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  const id = await app.session({ reference: "order", userReference: "ada" });
  const terminate = `mutation ($input: TerminateSessionInput!) { terminateSession(input: $input) { session { id } } }`;

  for (const userReference of [undefined, null, "eve"]) {
    const named = { reference: "order", userReference };
    expect(await refusalOf(key, { agentId, session: named })).toBe("NOT_FOUND");
    expect(await key.code(terminate, { input: named })).toBe("NOT_FOUND");
  }
  expect(await key.code(terminate, { input: { id, userReference: "eve" } })).toBe("NOT_FOUND");
  const input = { reference: "order", userReference: "ada" };
  for (let i = 0; i < 2; i++) {
    expect((await key.data(terminate, { input })).terminateSession.session.id).toBe(id);
    expect(await key.code(terminate, { input: { ...input, userReference: null } })).toBe("NOT_FOUND");
  }
});

test("a caller with another user reference does not learn that a session was terminated", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  const id = await app.session({ userReference: "ada" });
  await key.data(`mutation ($id: ID!) { terminateSession(input: { id: $id }) { session { id } } }`, { id });

  expect(await refusalOf(key, { agentId, session: { id, userReference: "eve" } })).toBe("NOT_FOUND");
  expect(await refusalOf(key, { agentId, session: { id, userReference: "ada" } })).toBe("SESSION_TERMINATED");
});

test.each([2, 20])(
  "of %i concurrent executions with one new reference, exactly one opens the session",
  async (count) => {
    const [app, agentId] = await appWithAgent();
    const key = await app.key();
    for (const reference of ["one", "two", "three"]) {
      const answers = await Promise.all(
        Array.from({ length: count }, () => execute(key, { agentId, session: { reference } })),
      );
      expect(new Set(answers.map(({ session }) => session.id)).size).toBe(1);
      expect(answers.filter(({ sessionCreated }) => sessionCreated)).toHaveLength(1);
      expect(answers.filter(({ run }) => run.status === "SUCCEEDED")).toHaveLength(count);
    }
    const { sessions } = await key.data(`{ sessions { totalCount nodes { runs { nodes { id } } } } }`);
    expect(sessions.totalCount).toBe(3);
    for (const { runs } of sessions.nodes) expect(runs.nodes).toHaveLength(count);
  },
);

test("an invalid field of the session reference is refused by path, and no session is opened", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  for (const [field, value] of Object.entries({
    reference: "",
    userReference: "x".repeat(256),
    metadata: { text: "x".repeat(16_000) },
  })) {
    const [error] = await key.errors(executeAgent, { input: { agentId, text: "one", session: { [field]: value } } });
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: `input.session.${field}` }] });
  }
  expect((await key.data(`{ sessions { totalCount } }`)).sessions.totalCount).toBe(0);
});

test("the permission RUN suffices to open the session of an execution, and SESSION_CREATE does not permit execution", async () => {
  const [app, agentId] = await appWithAgent();
  const runner = await app.key({ runtime: ["RUN"] });
  const opener = await app.key({ runtime: ["SESSION_CREATE"] });
  const create = `mutation { createSession(input: { reference: "order" }) { session { id } } }`;

  expect(await runner.code(create)).toBe("FORBIDDEN");
  expect((await execute(runner, { agentId, session: { reference: "order" } })).sessionCreated).toBe(true);
  expect(await refusalOf(opener, { agentId, session: { reference: "order" } })).toBe("FORBIDDEN");
});

test("a refused execution opens no session", async () => {
  const [app, agentId] = await appWithAgent();
  const key = await app.key();
  expect(await refusalOf(key, { agentId: unknown, session: { reference: "order" } })).toBe("NOT_FOUND");
  expect(await refusalOf(key, { agentId, session: { reference: "order" }, text: " " })).toBe("BAD_USER_INPUT");
  expect((await key.data(`{ sessions { totalCount } }`)).sessions.totalCount).toBe(0);
});
