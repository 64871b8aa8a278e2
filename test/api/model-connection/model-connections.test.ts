import { useModelServer } from "../../support/model-server";
import { useServer } from "../../support/server";

const models = useModelServer();
const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1" });
const unknown = "00000000-0000-7000-8000-000000000000";

const fields = `id name provider baseUrl hasApiKey createdAt updatedAt app { id }`;
const create = `mutation ($input: CreateModelConnectionInput!) {
  createModelConnection(input: $input) { modelConnection { ${fields} } }
}`;
const update = `mutation ($input: UpdateModelConnectionInput!) {
  updateModelConnection(input: $input) { modelConnection { ${fields} } }
}`;
const remove = `mutation ($id: ID!) { deleteModelConnection(input: { id: $id }) { id } }`;
const read = `query ($id: ID!) { modelConnection(id: $id) { ${fields} } }`;
const testConnection = `mutation ($input: TestModelConnectionInput!) {
  testModelConnection(input: $input) { ok latencyMs error { code message } }
}`;

const input = (more: object) => ({
  name: "a",
  provider: "OPENAI_COMPATIBLE",
  baseUrl: models.current.baseUrl,
  ...more,
});

test("a connection is created, read, listed, updated and deleted", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const { createModelConnection } = await admin.data(create, {
    input: input({ appId: app.id, name: " Ollama ", apiKey: "sk-1" }),
  });
  const created = createModelConnection.modelConnection;
  expect(created).toMatchObject({
    name: "Ollama",
    provider: "OPENAI_COMPATIBLE",
    baseUrl: models.current.baseUrl,
    hasApiKey: true,
    app: { id: app.id },
  });
  expect((await admin.data(read, { id: created.id })).modelConnection).toEqual(created);
  const list = `query ($app: ID!) { modelConnections(appId: $app) { nodes { id } totalCount pageInfo { hasNextPage } } }`;
  expect((await admin.data(list, { app: app.id })).modelConnections).toEqual({
    nodes: [{ id: created.id }],
    totalCount: 1,
    pageInfo: { hasNextPage: false },
  });
  const changed = await admin.data(update, { input: { id: created.id, name: "llama", apiKey: null } });
  expect(changed.updateModelConnection.modelConnection).toMatchObject({ name: "llama", hasApiKey: false });

  expect(await admin.data(remove, { id: created.id })).toEqual({ deleteModelConnection: { id: created.id } });
  expect((await admin.data(read, { id: created.id })).modelConnection).toBeNull();
  for (const [query, variables] of [
    [remove, { id: created.id }],
    [update, { input: { id: unknown, name: "x" } }],
    [testConnection, { input: { id: unknown, model: "good" } }],
    [create, { input: input({ appId: unknown }) }],
    [list, { app: unknown }],
  ] as const) {
    expect(await admin.code(query, variables)).toBe("NOT_FOUND");
  }
});

test("an API key can neither read nor change connections, whatever its scope", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const id = await app.modelConnection(models.current.baseUrl);
  for (const [query, variables] of [
    [create, { input: input({ appId: app.id }) }],
    [update, { input: { id, name: "b" } }],
    [remove, { id }],
    [read, { id }],
    [testConnection, { input: { id, model: "good" } }],
    [`query ($id: ID!) { modelConnections(appId: $id) { nodes { id } } }`, { id: app.id }],
  ] as const) {
    expect(await key.code(query, variables)).toBe("FORBIDDEN");
  }
});

test("a name is unique within the app, also for concurrent creations", async () => {
  const { admin } = server.current;
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  const codes = await Promise.all(
    Array.from({ length: 4 }, () => admin.code(create, { input: input({ appId: app.id }) })),
  );
  expect(codes.sort()).toEqual(["CONFLICT", "CONFLICT", "CONFLICT", undefined]);
  expect(await admin.code(create, { input: input({ appId: other.id }) })).toBeUndefined();
  const id = await app.modelConnection(models.current.baseUrl, { name: "b" });
  expect(await admin.code(update, { input: { id, name: "a" } })).toBe("CONFLICT");
});

test.each(["", "a/b", "a:b", "a b", "a\nb", "x".repeat(65)])(
  "the name %j is refused, because it can't precede a model's name",
  async (name) => {
    const app = await server.current.newApp();
    const [error] = await server.current.admin.errors(create, { input: input({ appId: app.id, name }) });
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.name" }] });
  },
);

test.each([
  "ftp://example.com/",
  "file:///etc/passwd",
  "example.com",
  "http://user:password@example.com/",
  "http://example.com/?key=1",
  "http://example.com/#a",
  "http://localhost:11434/v1",
  "http://10.0.0.1/v1",
  "http://169.254.169.254/latest/meta-data",
  "http://[::1]:11434/v1",
  "http://[::ffff:127.0.0.1]/v1",
  "http://0x7f000002/v1",
])("the address %s is refused", async (baseUrl) => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const id = await app.modelConnection(models.current.baseUrl, { name: "b" });
  for (const [query, variables] of [
    [create, { input: input({ appId: app.id, baseUrl }) }],
    [update, { input: { id, baseUrl } }],
  ] as const) {
    const [error] = await admin.errors(query, variables);
    expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.baseUrl" }] });
    expect(error?.message).not.toContain(baseUrl);
  }
});

test.each([
  ["OPENAI", "https://api.openai.com/v1"],
  ["ANTHROPIC", "https://api.anthropic.com/v1"],
  ["GOOGLE", "https://generativelanguage.googleapis.com/v1beta"],
])("a connection to %s needs a key and has a default address", async (provider, baseUrl) => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const [error] = await admin.errors(create, { input: { appId: app.id, name: "a", provider } });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.apiKey" }] });

  const { createModelConnection } = await admin.data(create, {
    input: { appId: app.id, name: "a", provider, apiKey: "k" },
  });
  const { id } = createModelConnection.modelConnection;
  expect(createModelConnection.modelConnection).toMatchObject({ baseUrl, hasApiKey: true });
  expect(await admin.code(update, { input: { id, apiKey: null } })).toBe("BAD_USER_INPUT");
});

test("an OpenAI-compatible connection needs an address, and its key consists of printable characters", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const [error] = await admin.errors(create, { input: input({ appId: app.id, baseUrl: null }) });
  expect(error?.extensions).toMatchObject({ fields: [{ field: "input.baseUrl" }] });
  for (const apiKey of ["", "a b", "a\nb", "é", "x".repeat(2_001)]) {
    const [fault] = await admin.errors(create, { input: input({ appId: app.id, apiKey }) });
    expect(fault?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.apiKey" }] });
  }
});

test("a new address without a key is refused if a key is stored, so that the key is not sent there", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const id = await app.modelConnection(models.current.baseUrl, { apiKey: "sk-1" });
  const baseUrl = `${models.current.baseUrl}/elsewhere`;
  const [error] = await admin.errors(update, { input: { id, baseUrl } });
  expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.apiKey" }] });
  expect((await admin.data(read, { id })).modelConnection.baseUrl).toBe(models.current.baseUrl);

  expect(await admin.code(update, { input: { id, baseUrl: models.current.baseUrl, name: "same" } })).toBeUndefined();
  const moved = await admin.data(update, { input: { id, baseUrl, apiKey: "sk-2" } });
  expect(moved.updateModelConnection.modelConnection).toMatchObject({ baseUrl, hasApiKey: true });
});

describe("testing a connection", () => {
  test("makes one small call and reports that the model answers", async () => {
    const app = await server.current.newApp();
    const id = await app.modelConnection(models.current.baseUrl, { apiKey: "sk-tried" });
    const before = models.current.calls.length;
    const { testModelConnection } = await server.current.admin.data(testConnection, { input: { id, model: "good" } });
    expect(testModelConnection).toEqual({ ok: true, latencyMs: expect.any(Number), error: null });
    const calls = models.current.calls.slice(before);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      path: "/v1/chat/completions",
      headers: { authorization: "Bearer sk-tried" },
      body: { model: "good", max_tokens: 16, stream: true },
    });
  });

  test.each([
    ["401", "MODEL_REJECTED", "The model's provider answered with status 401."],
    ["500", "MODEL_UNAVAILABLE", "The model's provider answered with status 500."],
    ["429", "MODEL_REJECTED", "The model's provider answered with status 429."],
    ["redirect", "MODEL_REJECTED", "The model's provider answered with status 307."],
    ["drop", "MODEL_UNAVAILABLE", "The model's provider can't be reached, or the connection to it broke."],
    ["garbage", "MODEL_FAILED", "The model's provider said what can't be understood."],
  ])("reports the failure of one call: %s", async (model, code, message) => {
    const app = await server.current.newApp();
    const id = await app.modelConnection(models.current.baseUrl);
    const before = models.current.calls.length;
    const { testModelConnection } = await server.current.admin.data(testConnection, { input: { id, model } });
    expect(testModelConnection).toEqual({ ok: false, latencyMs: expect.any(Number), error: { code, message } });
    expect(models.current.calls).toHaveLength(before + 1);
  });

  test("reports success if the model reaches the maximum number of tokens", async () => {
    const app = await server.current.newApp();
    const id = await app.modelConnection(models.current.baseUrl);
    const { testModelConnection } = await server.current.admin.data(testConnection, { input: { id, model: "length" } });
    expect(testModelConnection).toMatchObject({ ok: true, error: null });
  });

  test("reports MODEL_UNAVAILABLE if the address refuses connections", async () => {
    const app = await server.current.newApp();
    const id = await app.modelConnection("http://127.0.0.1:1/v1");
    const { testModelConnection } = await server.current.admin.data(testConnection, { input: { id, model: "good" } });
    expect(testModelConnection).toMatchObject({ ok: false, error: { code: "MODEL_UNAVAILABLE" } });
  });
});
