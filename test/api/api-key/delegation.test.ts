import { randomUUID } from "node:crypto";
import { Client } from "../../support/client";
import { useServer } from "../../support/server";
import { askTwice } from "../../support/tenant-isolation";
import { allPermissions, type KeyHolder, type TestApp, type TestScope } from "../../support/test-app";

/** A key with MANAGE on keys makes, changes, rotates and revokes keys of other scopes, and no more than it may itself. */
const server = useServer({ TRUSTED_PROXIES: "127.0.0.1" });

let app: TestApp;
beforeEach(async () => {
  app = await server.current.newApp();
});

const createApiKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id createdBy } } }`;
const updateApiKey = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id name } } }`;
const renameApiKey = `mutation ($input: RenameApiKeyInput!) { renameApiKey(input: $input) { apiKey { id name } } }`;
const rotateApiKey = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { id } } }`;
const revokeApiKey = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { status revokedBy } } }`;

const manager = (permissions: TestScope = allPermissions) => app.key({ ...permissions, keys: "MANAGE" });

/** Every way in which a key may be managed, on a key and its scope. */
const attempts = (scopeId: string, id: string) =>
  [
    [createApiKey, { scopeId, name: randomUUID() }],
    [updateApiKey, { id, name: randomUUID() }],
    [renameApiKey, { id, name: randomUUID() }],
    [rotateApiKey, { id, overlapSeconds: 60 }],
    [revokeApiKey, { id }],
  ] as const;

const keysOf = async ({ id }: TestApp) =>
  (
    await server.current.admin.data(
      `query ($id: ID!) { apiKeys(appId: $id, first: 200) { nodes { id name status hint createdBy revokedBy } } }`,
      { id },
    )
  ).apiKeys.nodes;

/** Verifies that a key manages neither the scope nor the key in any way, and that nothing changes. */
async function expectRefused(by: KeyHolder, target: KeyHolder, expected: object): Promise<void> {
  const before = await keysOf(app);
  for (const [mutation, input] of attempts(target.scopeId, target.keyId)) {
    const [error] = await by.errors(mutation, { input });
    expect(error).toMatchObject({ extensions: { code: "FORBIDDEN", ...expected } });
  }
  expect(await keysOf(app)).toEqual(before);
}

test("a key with MANAGE makes, changes, renames, rotates and revokes keys of a scope within its own rights, and is named by them", async () => {
  const holder = await manager();
  const scopeId = await app.scope({ agents: "VIEW", runtime: ["RUN"] });
  const { name } = (await holder.data(`{ viewer { name } }`)).viewer;

  const created = (await holder.data(createApiKey, { input: { scopeId, name: "web" } })).createApiKey;
  expect(created.apiKey.createdBy).toBe(`API key ${name}`.slice(0, 120));
  const key = new Client(server.current.url, ["x-api-key", created.secret]);
  expect((await key.data(`{ viewer { permissions { agents runtime keys } } }`)).viewer.permissions).toEqual({
    agents: "VIEW",
    runtime: ["RUN"],
    keys: "NONE",
  });

  const { id } = created.apiKey;
  const updated = await holder.data(updateApiKey, { input: { id, name: "site", owner: "Ada" } });
  expect(updated.updateApiKey.apiKey.name).toBe("site");
  const renamed = await holder.data(renameApiKey, { input: { id, name: "shop" } });
  expect(renamed.renameApiKey.apiKey.name).toBe("shop");
  const rotated = (await holder.data(rotateApiKey, { input: { id } })).rotateApiKey;
  expect((await key.send(`{ viewer { kind } }`)).status).toBe(401);
  const successor = new Client(server.current.url, ["x-api-key", rotated.secret]);
  expect((await successor.send(`{ viewer { kind } }`)).status).toBe(200);
  const revoked = await holder.data(revokeApiKey, { input: { id: rotated.apiKey.id, reason: "over" } });
  expect(revoked.revokeApiKey.apiKey).toEqual({ status: "REVOKED", revokedBy: `API key ${name}`.slice(0, 120) });
  expect((await successor.send(`{ viewer { kind } }`)).status).toBe(401);

  const { auditLog } = await server.current.admin.data(
    `query ($appId: ID!, $filter: AuditFilter) { auditLog(appId: $appId, filter: $filter) { nodes { action actor { kind id name } } } }`,
    { appId: app.id, filter: { actorId: holder.keyId } },
  );
  const actor = { kind: "API_KEY", id: holder.keyId, name };
  expect(auditLog.nodes.map((entry: { action: string }) => entry.action).sort()).toEqual([
    "CREATE_API_KEY",
    "CREATE_API_KEY",
    "REVOKE_API_KEY",
    "ROTATE_API_KEY",
    "UPDATE_API_KEY",
    "UPDATE_API_KEY",
  ]);
  for (const entry of auditLog.nodes) expect(entry.actor).toEqual(actor);
});

test("a key with VIEW reads the scopes and keys of its app with their details, and changes nothing", async () => {
  const holder = await app.key({ keys: "VIEW" });
  const other = await app.key({ agents: "FULL" });
  const data = await holder.data(
    `query ($appId: ID!, $id: ID!, $scopeId: ID!) {
      scopes(appId: $appId) { nodes { id tags apiKeys { nodes { id } } } }
      scope(id: $scopeId) { permissions { agents keys } allowedAddresses }
      apiKeys(appId: $appId) { nodes { id description owner createdBy successor { id } } }
      apiKey(id: $id) { id }
    }`,
    { appId: app.id, id: other.keyId, scopeId: other.scopeId },
  );
  expect(data.scopes.nodes).toEqual([
    { id: holder.scopeId, tags: [], apiKeys: { nodes: [{ id: holder.keyId }] } },
    { id: other.scopeId, tags: [], apiKeys: { nodes: [{ id: other.keyId }] } },
  ]);
  expect(data.scope).toEqual({ permissions: { agents: "FULL", keys: "NONE" }, allowedAddresses: [] });
  expect(data.apiKeys.nodes).toHaveLength(2);
  expect(data.apiKey).toEqual({ id: other.keyId });
  await expectRefused(holder, await app.key({}), {
    required: "MANAGE on keys",
    granted: { agents: "NONE", runtime: [], keys: "VIEW" },
  });
});

test("a key never manages a key of its own scope, nor itself", async () => {
  const holder = await manager();
  await expectRefused(holder, holder, { reason: "OWN_SCOPE", required: "admin" });
  await expectRefused(holder, await app.key(holder.scopeId), { reason: "OWN_SCOPE", required: "admin" });
});

test.each<[what: string, own: TestScope, target: TestScope, required: string]>([
  ["a level on agents", { agents: "EDIT" }, { agents: "FULL" }, "FULL"],
  ["a permission", { runtime: ["RUN"] }, { runtime: ["RUN", "SESSION_VIEW"] }, "SESSION_VIEW"],
  ["several", { runtime: ["RUN"] }, { agents: "VIEW", runtime: ["SESSION_VIEW"] }, "VIEW and SESSION_VIEW"],
  ["all sessions", { runtime: ["RUN"], sessions: "OWN" }, { runtime: ["RUN"] }, "sessions APP"],
  [
    "sessions of the other scope, which keys of its own scope do not reach",
    { runtime: ["RUN"], sessions: "OWN" },
    { runtime: ["RUN"], sessions: "OWN" },
    "sessions APP",
  ],
  ["all agents", { agents: "VIEW", agentAccess: "SELECTED" }, { agents: "VIEW" }, "agentAccess ALL"],
  [
    "MANAGE on keys of a scope with equal rights",
    {},
    { keys: "MANAGE" },
    "MANAGE on keys of a scope that grants as much",
  ],
])("a key does not manage keys of a scope that has more than its own: %s", async (_, own, target, required) => {
  await expectRefused(await manager(own), await app.key(target), { reason: "BEYOND_OWN_RIGHTS", required });
});

test("a key that is confined to agents manages keys of scopes with these agents alone, and is not told of others", async () => {
  const [one, two] = [await app.agent(), await app.agent()];
  const selecting = (...agentIds: string[]): TestScope => ({ agents: "VIEW", agentAccess: "SELECTED", agentIds });
  const holder = await manager(selecting(one));
  const wide = await app.key(selecting(one, two));
  await expectRefused(holder, wide, { reason: "BEYOND_OWN_RIGHTS", required: "agents that it has not selected" });
  const { scope } = await holder.data(`query ($id: ID!) { scope(id: $id) { permissions { agentIds } } }`, {
    id: wide.scopeId,
  });
  expect(scope.permissions.agentIds).toEqual([one]);

  const narrow = await app.scope(selecting(one));
  const { createApiKey: created } = await holder.data(createApiKey, { input: { scopeId: narrow, name: "web" } });
  expect(created.secret).toMatch(/^latchkey_/);
});

test("MANAGE is handed on to a scope that grants less", async () => {
  const holder = await manager({ agents: "EDIT" });
  const lower = await app.scope({ agents: "VIEW", keys: "MANAGE" });
  const { createApiKey: created } = await holder.data(createApiKey, { input: { scopeId: lower, name: "deputy" } });
  const deputy = new Client(server.current.url, ["x-api-key", created.secret]);
  const lowest = await app.scope({ agents: "VIEW" });
  expect(await deputy.code(createApiKey, { input: { scopeId: lowest, name: "web" } })).toBeUndefined();
  expect(await deputy.code(createApiKey, { input: { scopeId: holder.scopeId, name: "web" } })).toBe("FORBIDDEN");
});

test("a scope that is widened is managed no longer, and neither is any by a key whose own scope is narrowed", async () => {
  const holder = await manager({ agents: "EDIT", runtime: [] });
  const key = await app.key({ agents: "EDIT", runtime: [] });
  const set = (id: string, permissions: TestScope) =>
    server.current.admin.data(`mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { id } } }`, {
      input: { id, permissions },
    });
  expect(await holder.code(renameApiKey, { input: { id: key.keyId, name: randomUUID() } })).toBeUndefined();
  await set(key.scopeId, { agents: "FULL" });
  await expectRefused(holder, key, { reason: "BEYOND_OWN_RIGHTS", required: "FULL" });

  await set(key.scopeId, { agents: "EDIT" });
  expect(await holder.code(renameApiKey, { input: { id: key.keyId, name: randomUUID() } })).toBeUndefined();
  await set(holder.scopeId, { agents: "VIEW", keys: "MANAGE" });
  await expectRefused(holder, key, { reason: "BEYOND_OWN_RIGHTS", required: "EDIT" });
});

test("a key of another app is answered like one that does not exist, byte for byte", async () => {
  const holder = await manager();
  const foreign = await (await server.current.newApp()).key({});
  for (const [mutation, input] of attempts(foreign.scopeId, foreign.keyId)) {
    const names = "scopeId" in input ? "scopeId" : "id";
    const answer = await askTwice(
      (it) => holder.send(mutation, { input: { ...input, [names]: it } }),
      foreign[names === "id" ? "keyId" : "scopeId"],
    );
    expect(answer).toContain("NOT_FOUND");
  }
  for (const [field, id] of [
    ["apiKey", foreign.keyId],
    ["scope", foreign.scopeId],
  ] as const) {
    const answer = await askTwice((it) => holder.send(`query ($it: ID!) { ${field}(id: $it) { id } }`, { it }), id);
    expect(JSON.parse(answer)).toEqual({ data: { [field]: null } });
  }
});

test("the limit of keys per scope holds", async () => {
  const holder = await manager();
  const scopeId = await app.scope({});
  const { admin } = server.current;
  await admin.data(
    `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { keysPerScope: 1 } }) { app { id } } }`,
    {
      id: app.id,
    },
  );
  expect(await holder.code(createApiKey, { input: { scopeId, name: "one" } })).toBeUndefined();
  expect(await holder.code(createApiKey, { input: { scopeId, name: "two" } })).toBe("LIMIT_REACHED");
});

describe("a key that may be used from some addresses alone", () => {
  class ClientFrom extends Client {
    constructor(
      { url, credential }: Client,
      private readonly address: string,
    ) {
      super(url, credential);
    }

    override post() {
      return super.post().set("x-forwarded-for", this.address);
    }
  }

  async function confined(): Promise<{ client: Client; scopeId: string }> {
    const holder = await manager();
    const { admin } = server.current;
    await admin.data(updateApiKey, { input: { id: holder.keyId, allowedAddresses: ["192.0.2.0/24"] } });
    return { client: new ClientFrom(holder, "192.0.2.7"), scopeId: await app.scope({}) };
  }

  test("hands out keys for these addresses alone", async () => {
    const { client, scopeId } = await confined();
    for (const allowedAddresses of [[], ["192.0.2.1", "198.51.100.1"], ["192.0.0.0/16"], ["2001:db8::/32"]]) {
      const [error] = await client.errors(createApiKey, { input: { scopeId, name: "web", allowedAddresses } });
      expect(error).toMatchObject({
        extensions: { code: "FORBIDDEN", reason: "BEYOND_OWN_ADDRESSES", allowedAddresses: ["192.0.2.0/24"] },
      });
    }
    const input = { scopeId, name: "web", allowedAddresses: ["192.0.2.128/25", "192.0.2.1"] };
    const { createApiKey: created } = await client.data(createApiKey, { input });
    const { id } = created.apiKey;
    expect(await client.code(updateApiKey, { input: { id, allowedAddresses: [] } })).toBe("FORBIDDEN");
    expect(await client.code(updateApiKey, { input: { id, name: "shop" } })).toBeUndefined();
    expect(await client.code(rotateApiKey, { input: { id } })).toBeUndefined();
  });

  test("does not get the successor of a key for any address, and revokes such a key", async () => {
    const { client, scopeId } = await confined();
    const wide = await app.key(scopeId);
    expect(await client.code(rotateApiKey, { input: { id: wide.keyId } })).toBe("FORBIDDEN");
    expect(await client.code(revokeApiKey, { input: { id: wide.keyId } })).toBeUndefined();
  });

  test("hands out keys of a scope that has its addresses", async () => {
    const { client, scopeId } = await confined();
    await server.current.admin.data(
      `mutation ($id: ID!) { updateScope(input: { id: $id, allowedAddresses: ["192.0.2.0/28"] }) { scope { id } } }`,
      { id: scopeId },
    );
    expect(await client.code(createApiKey, { input: { scopeId, name: "web" } })).toBeUndefined();
  });
});
