import { useServer } from "../../support/server";

const server = useServer();
const unknown = "00000000-0000-7000-8000-000000000000";

const createApiKey = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { secret apiKey { id name hint status createdAt lastUsedAt revokedAt scope { id } } }
}`;
const renameApiKey = `mutation ($input: RenameApiKeyInput!) { renameApiKey(input: $input) { apiKey { id name } } }`;
const revokeApiKey = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id status revokedAt } } }`;

test("the secret is returned once, and its hint has its start and end", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  const { createApiKey: created } = await admin.data(createApiKey, { input: { scopeId, name: " web " } });
  const { secret, apiKey } = created;

  expect(secret).toMatch(/^latchkey_[0-9A-Za-z]{49}$/);
  expect(apiKey).toMatchObject({
    name: "web",
    status: "ACTIVE",
    lastUsedAt: null,
    revokedAt: null,
    scope: { id: scopeId },
  });
  expect(apiKey.hint).toBe(`${secret.slice(0, 13)}…${secret.slice(-4)}`);
  const list = await admin.send(`query ($appId: ID!) { apiKeys(appId: $appId) { nodes { id name hint status } } }`, {
    appId: app.id,
  });
  expect(list.text).toContain(apiKey.id);
  expect(list.text).not.toContain(secret);
});

test("a name is unique among the active keys of a scope, and available again once its key is revoked", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const input = { input: { scopeId: await app.scope({}), name: "web" } };
  const { createApiKey: created } = await admin.data(createApiKey, input);

  expect(await admin.errors(createApiKey, input)).toMatchObject([
    { message: expect.stringContaining("active key of this scope has this name"), extensions: { code: "CONFLICT" } },
  ]);
  expect(await admin.code(createApiKey, { input: { ...input.input, scopeId: await app.scope({}) } })).toBeUndefined();
  await admin.data(revokeApiKey, { id: created.apiKey.id });
  const { createApiKey: second } = await admin.data(createApiKey, input);

  const other = await admin.data(createApiKey, { input: { ...input.input, name: "mobile" } });
  expect(await admin.code(renameApiKey, { input: { id: other.createApiKey.apiKey.id, name: "web" } })).toBe("CONFLICT");
  const { renameApiKey: renamed } = await admin.data(renameApiKey, {
    input: { id: second.apiKey.id, name: "desktop" },
  });
  expect(renamed.apiKey).toMatchObject({ id: second.apiKey.id, name: "desktop" });
  expect(await admin.code(renameApiKey, { input: { id: unknown, name: "web" } })).toBe("NOT_FOUND");
});

test("a revoked key is refused from the next request, and revoking it again changes nothing", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const key = await app.key();
  expect(await key.code(`{ viewer { name } }`)).toBeUndefined();

  const { revokeApiKey: first } = await admin.data(revokeApiKey, { id: key.keyId });
  expect(first.apiKey).toMatchObject({ status: "REVOKED", revokedAt: expect.any(String) });
  const { status, body } = await key.send(`{ viewer { name } }`);
  expect([status, body.errors[0].extensions]).toEqual([401, { code: "UNAUTHENTICATED", reason: "KEY_REVOKED" }]);

  const { revokeApiKey: again } = await admin.data(revokeApiKey, { id: key.keyId });
  expect(again).toEqual(first);
  expect(await admin.code(revokeApiKey, { id: unknown })).toBe("NOT_FOUND");
});

test("keys are listed newest first, by app, scope and status, and the list of an unknown app is NOT_FOUND", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const [first, second] = [await app.key({}), await app.key({})];
  const third = await app.key(first.scopeId);
  await admin.data(revokeApiKey, { id: third.keyId });
  const list = async (filter: object) => {
    const query = `query ($appId: ID!, $scopeId: ID, $status: ApiKeyStatus) {
        apiKeys(appId: $appId, scopeId: $scopeId, status: $status) { nodes { id } totalCount }
      }`;
    return (await admin.data(query, { appId: app.id, ...filter })).apiKeys.nodes.map(({ id }: { id: string }) => id);
  };
  expect(await list({})).toEqual([third.keyId, second.keyId, first.keyId]);
  expect(await list({ scopeId: first.scopeId })).toEqual([third.keyId, first.keyId]);
  expect(await list({ status: "REVOKED" })).toEqual([third.keyId]);
  expect(await list({ scopeId: first.scopeId, status: "ACTIVE" })).toEqual([first.keyId]);
  const ofScope = `query ($id: ID!) { scope(id: $id) {
      active: apiKeys(status: ACTIVE) { nodes { id } } revoked: apiKeys(status: REVOKED) { nodes { id } } all: apiKeys { totalCount }
    } }`;
  expect((await admin.data(ofScope, { id: first.scopeId })).scope).toEqual({
    active: { nodes: [{ id: first.keyId }] },
    revoked: { nodes: [{ id: third.keyId }] },
    all: { totalCount: 2 },
  });
  for (const field of ["apiKeys", "scopes", "agents", "sessions"]) {
    const query = `query ($appId: ID!) { ${field}(appId: $appId) { nodes { id } } }`;
    expect([field, await admin.code(query, { appId: unknown })]).toEqual([field, "NOT_FOUND"]);
  }
});
