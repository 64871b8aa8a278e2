import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { execute } from "../../support/runs";
import { useServer } from "../../support/server";

const server = useServer();
const fields = `id app { id } reference userReference metadata status createdAt lastActivityAt terminatedAt`;
const createSession = `mutation ($input: CreateSessionInput!) { createSession(input: $input) { session { ${fields} } } }`;
const terminateSession = `mutation ($input: TerminateSessionInput!) { terminateSession(input: $input) { session { id } } }`;
const session = `query ($id: ID!) { session(id: $id) { ${fields} } }`;

describe("a new session", () => {
  test("belongs to the key's app, is active, and has only the properties that were given", async () => {
    const app = await server.current.newApp();
    const key = await app.key({ runtime: ["SESSION_CREATE", "SESSION_VIEW"] });
    const input = { reference: "order 1", userReference: "ada", metadata: { plan: "pro" } };
    const { createSession: created } = await key.data(createSession, { input });

    expect(created.session).toEqual({
      id: expect.any(String),
      app: { id: app.id },
      ...input,
      status: "ACTIVE",
      createdAt: expect.any(String),
      lastActivityAt: created.session.createdAt,
      terminatedAt: null,
    });
    expect(await key.data(session, { id: created.session.id })).toEqual({ session: created.session });

    const { createSession: bare } = await key.data(createSession, { input: {} });
    expect(bare.session).toMatchObject({ reference: null, userReference: null, metadata: null });
  });

  test("with the reference of an active session of the app is refused", async () => {
    const [app, other] = [await server.current.newApp(), await server.current.newApp()];
    const [key, stranger] = [await app.key(), await other.key()];
    const input = { reference: "order 1" };
    const { createSession: first } = await key.data(createSession, { input });

    expect(await key.code(createSession, { input })).toBe("CONFLICT");
    expect(await stranger.code(createSession, { input })).toBeUndefined();
    await key.data(terminateSession, { input: { id: first.session.id } });
    expect(await key.code(createSession, { input })).toBeUndefined();
    expect(await key.code(createSession, { input })).toBe("CONFLICT");
  });

  test("may have no reference, and may belong to the same user as others", async () => {
    const app = await server.current.newApp();
    const key = await app.key();
    for (const input of [{}, { reference: null }, { userReference: "ada" }, { userReference: "ada" }]) {
      expect(await key.code(createSession, { input })).toBeUndefined();
    }
  });

  test("gets its reference in exactly one of several concurrent creations", async () => {
    const app = await server.current.newApp();
    const key = await app.key();
    const codes = await Promise.all(
      Array.from({ length: 12 }, () => key.code(createSession, { input: { reference: "order 1" } })),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "CONFLICT")).toHaveLength(11);
  });

  test("of an administrator needs an app that exists", async () => {
    const { admin } = server.current;
    expect(await admin.code(createSession, { input: {} })).toBe("BAD_USER_INPUT");
    const appId = "00000000-0000-7000-8000-000000000000";
    expect(await admin.code(createSession, { input: { appId } })).toBe("NOT_FOUND");
    expect(await admin.code(createSession, { input: { appId: (await server.current.newApp()).id } })).toBeUndefined();
  });
});

test("references are compared byte for byte", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const references = [
    "ada",
    "Ada",
    "ada ",
    " ada",
    "ada\t",
    "adä",
    "ada\u0308",
    "adá",
    "ａda",
    "ada\u200b",
    "🐴",
    "🐎",
  ];
  const ids: string[] = [];
  for (const reference of references) {
    ids.push(
      (await key.data(createSession, { input: { reference, userReference: reference } })).createSession.session.id,
    );
  }
  const list = `query ($filter: SessionFilter!) { sessions(filter: $filter) { nodes { id reference userReference } } }`;
  for (const [i, reference] of references.entries()) {
    const expected = { sessions: { nodes: [{ id: ids[i], reference, userReference: reference }] } };
    expect(await key.data(list, { filter: { reference } })).toEqual(expected);
    expect(await key.data(list, { filter: { userReference: reference } })).toEqual(expected);
  }
  for (const [i, reference] of references.entries()) {
    const { terminateSession: ended } = await key.data(terminateSession, {
      input: { reference, userReference: reference },
    });
    expect(ended.session.id).toBe(ids[i]);
  }
});

test.each(["reference", "userReference"])("%s has 1 to 255 characters, whatever their size", async (field) => {
  const app = await server.current.newApp();
  const key = await app.key();
  for (const text of ["x".repeat(255), "日".repeat(255), "🐴".repeat(255), `${"❤\ufe0f".repeat(127)}x`]) {
    const { createSession: created } = await key.data(createSession, { input: { [field]: text } });
    expect((await key.data(session, { id: created.session.id })).session[field]).toBe(text);
  }
  for (const text of ["", "x".repeat(256), "🐴".repeat(256), "❤\ufe0f".repeat(128), "a\0b", "\ud800"]) {
    const [error] = await key.errors(createSession, { input: { [field]: text } });
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: `input.${field}` }] });
  }
});

describe("metadata", () => {
  test("is returned unchanged", async () => {
    const app = await server.current.newApp();
    const key = await app.key();
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true }),
        async (any) => {
          // The body parser refuses keys that could reach the prototype of an object.
          fc.pre(!/__proto__|constructor/.test(JSON.stringify(any)));
          // Normalizes values that JSON does not distinguish, such as -0 and 0.
          const metadata = JSON.parse(JSON.stringify({ "日本 🐴": "é\u0301\u2028", "": [null, 1e-7, true], ...any }));
          const { createSession: created } = await key.data(createSession, { input: { metadata } });
          expect(created.session.metadata).toEqual(metadata);
          const { session: read } = await key.data(session, { id: created.session.id });
          expect(JSON.stringify(read.metadata)).toBe(JSON.stringify(metadata));
        },
      ),
      { numRuns: 25 },
    );
  });

  test("is an object of up to 16,000 characters of JSON", async () => {
    const app = await server.current.newApp();
    const key = await app.key();
    const sized = (length: number) => ({ text: "日".repeat(length - '{"text":""}'.length) });
    expect(await key.code(createSession, { input: { metadata: sized(16_000) } })).toBeUndefined();
    for (const metadata of [sized(16_001), [], "text", 1, { text: "a\0b" }, { text: "\ud800" }]) {
      const [error] = await key.errors(createSession, { input: { metadata } });
      expect(error?.extensions.code).toBe("BAD_USER_INPUT");
    }
  });

  test("may be a literal in the GraphQL document", async () => {
    const app = await server.current.newApp();
    const key = await app.key();
    const { createSession: created } = await key.data(
      `mutation { createSession(input: { metadata: { a: [1, "two", { three: null }] } }) { session { metadata } } }`,
    );
    expect(created.session.metadata).toEqual({ a: [1, "two", { three: null }] });
  });
});

test("executions, uploads and a termination update the last activity of a session, and reads do not", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  const id = await app.session();
  const activity = async () => Date.parse((await key.data(session, { id })).session.lastActivityAt);
  const advanceBy = async (action: () => Promise<unknown>) => {
    const before = await activity();
    await delay(5);
    await action();
    return (await activity()) - before;
  };
  expect(await advanceBy(() => key.data(session, { id }))).toBe(0);
  expect(await advanceBy(() => execute(key, { agentId, session: { id } }))).toBeGreaterThan(0);
  expect(await advanceBy(() => app.document(id))).toBeGreaterThan(0);
  expect(await advanceBy(() => key.data(terminateSession, { input: { id } }))).toBeGreaterThan(0);
  expect(await advanceBy(() => key.data(terminateSession, { input: { id } }))).toBe(0);
});

test("messages are paged oldest first, and runs newest first", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  const id = await app.session();
  const runIds: string[] = [];
  for (const text of ["a", "b", "c"]) {
    runIds.push((await execute(key, { agentId, session: { id }, text })).run.id);
  }
  const page = `pageInfo { hasNextPage endCursor }`;
  const query = `query ($id: ID!, $messages: String, $runs: String) {
    session(id: $id) {
      messages(first: 4, after: $messages) { nodes { role runId } ${page} }
      runs(first: 2, after: $runs) { nodes { id } ${page} }
    }
  }`;
  const { session: first } = await key.data(query, { id });
  const after = { messages: first.messages.pageInfo.endCursor, runs: first.runs.pageInfo.endCursor };
  const { session: second } = await key.data(query, { id, ...after });

  expect([first.messages, first.runs].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true]);
  expect([second.messages, second.runs].map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([false, false]);
  expect([...first.messages.nodes, ...second.messages.nodes]).toEqual(
    runIds.flatMap((runId) => [
      { role: "USER", runId },
      { role: "AGENT", runId },
    ]),
  );
  expect([...first.runs.nodes, ...second.runs.nodes].map(({ id: runId }) => runId)).toEqual([...runIds].reverse());
});

test("later fields of a mutation see the changes of earlier ones", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  const execution = `executeAgent(input: { agentId: "${agentId}", session: { reference: "order 1" }, text: "one" }) {
    run { id } session { status lastActivityAt runs { nodes { id } } messages { nodes { text } } }
  }`;
  const { first, second, ended } = await key.data(`mutation {
    first: ${execution}
    second: ${execution}
    ended: terminateSession(input: { reference: "order 1" }) { session { status runs { nodes { session { status } } } } }
  }`);
  expect(first.session.runs.nodes).toEqual([first.run]);
  expect(second.session.runs.nodes).toEqual([second.run, first.run]);
  expect(second.session.messages.nodes).toHaveLength(4);
  expect(ended.session.runs.nodes).toEqual(Array(2).fill({ session: { status: "TERMINATED" } }));
});
