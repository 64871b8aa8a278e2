import { randomUUID } from "node:crypto";
import { useServer } from "../../support/server";

const server = useServer();
const unknown = "00000000-0000-7000-8000-000000000000";

const createApp = `mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id name description } } }`;
const createScope = `mutation ($input: CreateScopeInput!) {
  createScope(input: $input) { scope { id name description permissions { agents runtime } } }
}`;
const updateScope = `mutation ($input: UpdateScopeInput!) {
  updateScope(input: $input) { scope { id name description permissions { agents runtime } } }
}`;
const deleteScope = `mutation ($input: DeleteScopeInput!) { deleteScope(input: $input) { id } }`;
const createApiKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }`;

describe("apps", () => {
  test("a name is trimmed, has 1 to 120 characters, and is unique", async () => {
    const { admin } = server.current;
    const name = randomUUID();
    const { createApp: created } = await admin.data(createApp, { input: { name: `  ${name}\t` } });
    expect(created.app).toEqual({ id: expect.any(String), name, description: "" });

    expect(await admin.code(createApp, { input: { name } })).toBe("CONFLICT");
    expect(await admin.code(createApp, { input: { name: ` ${name} ` } })).toBe("CONFLICT");
    expect(await admin.code(createApp, { input: { name: name.toUpperCase() } })).toBeUndefined();
    expect(await admin.code(createApp, { input: { name: "🐴".repeat(120) } })).toBeUndefined();
    for (const faulty of ["", "   ", "x".repeat(121), "a\nb", "a\u0000b", "\ud800"]) {
      const [error] = await admin.errors(createApp, { input: { name: faulty } });
      expect(error?.extensions).toMatchObject({ code: "BAD_USER_INPUT", fields: [{ field: "input.name" }] });
    }
  });

  test("of concurrent creations with one name, exactly one succeeds", async () => {
    const name = randomUUID();
    const codes = await Promise.all(
      Array.from({ length: 8 }, () => server.current.admin.code(createApp, { input: { name } })),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "CONFLICT")).toHaveLength(7);
  });

  test("an update changes only the fields that it has, and refuses null", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const update = `mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { name description } } }`;
    const { app: before } = await admin.data(`query ($id: ID!) { app(id: $id) { name } }`, { id: app.id });

    const { updateApp } = await admin.data(update, { input: { id: app.id, description: "new" } });
    expect(updateApp.app).toEqual({ name: before.name, description: "new" });
    for (const field of ["name", "description"]) {
      const [error] = await admin.errors(update, { input: { id: app.id, [field]: null } });
      expect(error?.extensions).toMatchObject({
        code: "BAD_USER_INPUT",
        fields: [{ field: `input.${field}`, message: "must not be null" }],
      });
    }
    expect(await admin.code(update, { input: { id: unknown, name: "x" } })).toBe("NOT_FOUND");
  });

  test("a deleted app takes its keys, agents and sessions with it, and its name can be used again", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const key = await app.key();
    const agentId = await app.agent();
    const { id, sessionId } = await app.run({ agentId });
    const { app: before } = await admin.data(`query ($id: ID!) { app(id: $id) { name } }`, { id: app.id });

    const remove = `mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`;
    expect(await admin.data(remove, { id: app.id })).toEqual({ deleteApp: { id: app.id } });
    expect(await key.code(`{ viewer { name } }`)).toBe("UNAUTHENTICATED");
    const query = `query ($app: ID!, $agent: ID!, $session: ID!, $run: ID!, $scope: ID!, $key: ID!) {
      app(id: $app) { id } agent(id: $agent) { id } session(id: $session) { id } run(id: $run) { id }
      scope(id: $scope) { id } apiKey(id: $key) { id }
    }`;
    const { keyId, scopeId } = key;
    expect(
      await admin.data(query, { app: app.id, agent: agentId, session: sessionId, run: id, scope: scopeId, key: keyId }),
    ).toEqual({ app: null, agent: null, session: null, run: null, scope: null, apiKey: null });
    expect(await admin.code(remove, { id: app.id })).toBe("NOT_FOUND");
    expect(await admin.code(createApp, { input: { name: before.name } })).toBeUndefined();
  });

  test("pages of a list contain each row once, in a stable order, while rows are added and removed", async () => {
    const app = await server.current.newApp();
    for (let i = 0; i < 5; i++) await app.agent({ name: `agent ${i}` });
    const key = await app.key();
    const page = `query ($after: String) {
      agents(first: 2, after: $after) { nodes { id name } pageInfo { hasNextPage endCursor } totalCount }
    }`;
    const first = (await key.data(page)).agents;
    expect(first).toMatchObject({ totalCount: 5, pageInfo: { hasNextPage: true } });

    const remove = `mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`;
    await key.data(remove, { id: first.nodes[1].id });
    await app.agent({ name: "agent 5" });
    const names: string[] = first.nodes.map(({ name }: { name: string }) => name);
    for (let after = first.pageInfo.endCursor; ;) {
      const { nodes, pageInfo } = (await key.data(page, { after })).agents;
      names.push(...nodes.map(({ name }: { name: string }) => name));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(names).toEqual(["agent 0", "agent 1", "agent 2", "agent 3", "agent 4", "agent 5"]);
    expect(await key.code(page, { after: "no cursor" })).toBe("BAD_USER_INPUT");
  });
});

describe("scopes", () => {
  test("a permission that is not granted is denied, and an unknown permission is refused", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const create = (name: string, permissions: object) =>
      admin.data(createScope, { input: { appId: app.id, name, permissions } });

    expect((await create("none", {})).createScope.scope.permissions).toEqual({ agents: "NONE", runtime: [] });
    const twice = await create("twice", { agents: "EDIT", runtime: ["SESSION_VIEW", "RUN", "RUN"] });
    expect(twice.createScope.scope.permissions).toEqual({ agents: "EDIT", runtime: ["RUN", "SESSION_VIEW"] });

    const faulty = [{ runtime: ["FLY"] }, { agents: "ROOT" }, { runtime: [null] }];
    for (const permissions of faulty) {
      expect(await admin.code(createScope, { input: { appId: app.id, name: "faulty", permissions } })).toBe(
        "BAD_USER_INPUT",
      );
    }
  });

  test("a variable of the wrong type is refused with the paths of its fields and without their values", async () => {
    const input = { appId: 5.5, name: { secret: "swordfish" }, permissions: { agents: "swordfish" } };
    const { body } = await server.current.admin.send(createScope, { input });
    expect(body.errors[0].extensions.code).toBe("BAD_USER_INPUT");
    expect(body.errors[0].extensions.fields.map(({ field }: { field: string }) => field).sort()).toEqual([
      "input.appId",
      "input.name",
      "input.permissions.agents",
    ]);
    expect(JSON.stringify(body)).not.toContain("swordfish");
  });

  test("a name is unique within an app, and free again once the scope is deleted", async () => {
    const { admin } = server.current;
    const [one, other] = [await server.current.newApp(), await server.current.newApp()];
    const input = (appId: string) => ({ input: { appId, name: "readers", permissions: {} } });

    const { createScope: created } = await admin.data(createScope, input(one.id));
    expect(await admin.code(createScope, input(one.id))).toBe("CONFLICT");
    expect(await admin.code(createScope, input(other.id))).toBeUndefined();
    await admin.data(deleteScope, { input: { id: created.scope.id } });
    expect(await admin.code(createScope, input(one.id))).toBeUndefined();
    expect(await admin.code(createScope, input(unknown))).toBe("NOT_FOUND");
  });

  test("an update replaces all permissions, and applies to existing keys from the next request", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const key = await app.key({ agents: "VIEW", runtime: ["RUN"] });
    expect(await key.code(`{ agents { nodes { id } } }`)).toBeUndefined();

    const permissions = { runtime: ["SESSION_VIEW"] };
    const { updateScope: updated } = await admin.data(updateScope, { input: { id: key.scopeId, permissions } });
    expect(updated.scope.permissions).toEqual({ agents: "NONE", runtime: ["SESSION_VIEW"] });
    expect(await key.code(`{ agents { nodes { id } } }`)).toBe("FORBIDDEN");
    expect(await key.code(`{ sessions { nodes { id } } }`)).toBeUndefined();
    expect((await key.data(`{ viewer { permissions { agents runtime } } }`)).viewer.permissions).toEqual(
      updated.scope.permissions,
    );

    for (const field of ["name", "description", "permissions"]) {
      expect(await admin.code(updateScope, { input: { id: key.scopeId, [field]: null } })).toBe("BAD_USER_INPUT");
    }
    expect(await admin.code(updateScope, { input: { id: unknown } })).toBe("NOT_FOUND");
  });

  test("an update changes only the fields that it has", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const permissions = { agents: "EDIT", runtime: ["RUN"] };
    const first = { name: "readers", description: "Readers.", permissions };
    const { createScope: created } = await admin.data(createScope, { input: { appId: app.id, ...first } });
    const { id } = created.scope;
    const after = async (change: object) =>
      (await admin.data(updateScope, { input: { id, ...change } })).updateScope.scope;
    expect(await after({})).toMatchObject({ id, ...first });
    expect(await after({ name: "writers" })).toMatchObject({ ...first, name: "writers" });
    expect(await after({ description: "" })).toMatchObject({ ...first, name: "writers", description: "" });
  });

  test("a scope with active keys is deleted only together with their revocation", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const key = await app.key();
    const second = await app.key(key.scopeId);

    const [conflict] = await admin.errors(deleteScope, { input: { id: key.scopeId } });
    expect(conflict).toMatchObject({
      extensions: { code: "CONFLICT" },
      message: expect.stringContaining("2 active keys"),
    });
    expect(await key.code(`{ viewer { name } }`)).toBeUndefined();
    expect(await admin.code(deleteScope, { input: { id: key.scopeId, revokeKeys: null } })).toBe("CONFLICT");

    await admin.data(deleteScope, { input: { id: key.scopeId, revokeKeys: true } });
    for (const revoked of [key, second]) {
      const [error] = await revoked.errors(`{ viewer { name } }`);
      expect(error?.extensions).toMatchObject({ code: "UNAUTHENTICATED", reason: "KEY_REVOKED" });
    }
    const query = `query ($scope: ID!, $key: ID!) { scope(id: $scope) { id } apiKey(id: $key) { status scope { id } } }`;
    expect(await admin.data(query, { scope: key.scopeId, key: key.keyId })).toEqual({
      scope: null,
      apiKey: { status: "REVOKED", scope: { id: key.scopeId } },
    });
    expect(await admin.code(deleteScope, { input: { id: key.scopeId } })).toBe("NOT_FOUND");
    expect(await admin.code(createApiKey, { input: { scopeId: key.scopeId, name: "late" } })).toBe("NOT_FOUND");
  });

  test("a scope that is deleted while keys are created in it has no active key afterwards", async () => {
    const { admin } = server.current;
    const app = await server.current.newApp();
    const scopeId = await app.scope({});
    const outcomes = await Promise.all([
      ...Array.from({ length: 6 }, (_, i) => admin.code(createApiKey, { input: { scopeId, name: `key ${i}` } })),
      admin.code(deleteScope, { input: { id: scopeId, revokeKeys: true } }),
    ]);
    expect(outcomes.at(-1)).toBeUndefined();
    const { apiKeys } = await admin.data(
      `query ($appId: ID!, $scopeId: ID) { apiKeys(appId: $appId, scopeId: $scopeId, status: ACTIVE) { totalCount } }`,
      { appId: app.id, scopeId },
    );
    expect(apiKeys.totalCount).toBe(0);
  });
});
