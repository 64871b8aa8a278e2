import { useServer } from "../../support/server";

const server = useServer();

const fields = `id name description tags version permissions { agents runtime sessions } limits { requestsPerSecond }`;
const createScope = `mutation ($input: CreateScopeInput!) { createScope(input: $input) { scope { ${fields} } } }`;
const cloneScope = `mutation ($input: CloneScopeInput!) { cloneScope(input: $input) { scope { ${fields} apiKeys { totalCount } } } }`;

test("a scope of a preset has the permissions that scopePresets lists for it", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const { scopePresets } = await admin.data(
    `{ scopePresets { preset description permissions { agents runtime sessions } } }`,
  );
  expect(scopePresets.map(({ preset }: { preset: string }) => preset)).toEqual([
    ...["READ_ONLY", "RUNNER", "UPLOADER", "AGENT_MANAGER"],
  ]);
  for (const { preset, permissions } of scopePresets) {
    const { createScope: created } = await admin.data(createScope, { input: { appId: app.id, name: preset, preset } });
    expect(created.scope).toMatchObject({ name: preset, permissions });
  }
});

test("a scope needs permissions or a preset, and takes not both", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  for (const given of [{}, { permissions: {}, preset: "RUNNER" }, { permissions: null, preset: null }]) {
    const input = { appId: app.id, name: "x", ...given };
    expect([given, await admin.code(createScope, { input })]).toEqual([given, "BAD_USER_INPUT"]);
  }
});

test("a clone has all that its scope has, except the keys, and changes on its own", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const permissions = { agents: "EDIT", runtime: ["RUN"], sessions: "OWN" };
  const input = {
    appId: app.id,
    name: "one",
    description: "d",
    tags: ["t"],
    permissions,
    limits: { requestsPerSecond: 9 },
  };
  const { scope } = (await admin.data(createScope, { input })).createScope;
  await app.key(scope.id as string);
  const { cloneScope: cloned } = await admin.data(cloneScope, { input: { id: scope.id, name: "two" } });
  expect(cloned.scope).toEqual({ ...scope, id: expect.any(String), name: "two", apiKeys: { totalCount: 0 } });
  expect(cloned.scope.id).not.toBe(scope.id);
  const update = `mutation ($id: ID!) { updateScope(input: { id: $id, permissions: {} }) { scope { id } } }`;
  await admin.data(update, { id: cloned.scope.id });
  expect((await admin.data(`query ($id: ID!) { scope(id: $id) { ${fields} } }`, { id: scope.id })).scope).toEqual(
    scope,
  );

  expect(await admin.code(cloneScope, { input: { id: scope.id, name: "two" } })).toBe("CONFLICT");
  await admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id }) { id } }`, { id: cloned.scope.id });
  expect(await admin.code(cloneScope, { input: { id: cloned.scope.id, name: "three" } })).toBe("NOT_FOUND");
});

test("an app has at most so many scopes, and a scope so many active keys; a rotation is not refused", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const { createApp } = await admin.data(
    `mutation ($name: String!) { createApp(input: { name: $name }) { app { limits { scopes keysPerScope } } } }`,
    { name: `new ${app.id}` },
  );
  expect(createApp.app.limits).toEqual({ scopes: 100, keysPerScope: 1_000 });
  const limits = { scopes: 2, keysPerScope: 2 };
  await admin.data(`mutation ($input: UpdateAppInput!) { updateApp(input: $input) { app { id } } }`, {
    input: { id: app.id, limits },
  });
  const refusals = async (attempts: Promise<readonly { extensions: object }[]>[]) =>
    (await Promise.all(attempts)).flatMap(([error]) => (error ? [error.extensions] : []));

  const newScope = (name: string) => admin.errors(createScope, { input: { appId: app.id, name, permissions: {} } });
  expect(await refusals(["a", "b", "c", "d"].map(newScope))).toMatchObject(
    [0, 1].map(() => ({ code: "LIMIT_REACHED", limit: "scopes", of: "APP", max: 2, used: 2 })),
  );
  const { scopes } = await admin.data(`{ scopes(appId: "${app.id}") { nodes { id } } }`);
  const [{ id }, { id: second }] = scopes.nodes;
  expect(await admin.code(cloneScope, { input: { id, name: "clone" } })).toBe("LIMIT_REACHED");

  const createApiKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }`;
  const newKey = (name: string) => admin.errors(createApiKey, { input: { scopeId: id, name } });
  expect(await refusals(["a", "b", "c"].map(newKey))).toMatchObject([
    { code: "LIMIT_REACHED", limit: "keysPerScope", of: "SCOPE", max: 2, used: 2 },
  ]);
  const { apiKeys } = await admin.data(`{ apiKeys(appId: "${app.id}") { nodes { id } } }`);
  const rotate = `mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 60 }) { apiKey { id } } }`;
  expect(await admin.code(rotate, { id: apiKeys.nodes[0].id })).toBeUndefined();
  for (const key of (await admin.data(`{ apiKeys(appId: "${app.id}") { nodes { id } } }`)).apiKeys.nodes)
    await admin.data(`mutation { revokeApiKey(input: { id: "${key.id}" }) { apiKey { id } } }`);
  expect(await newKey("d")).toEqual([]);
  await admin.data(`mutation { deleteScope(input: { id: "${second}" }) { id } }`);
  expect(await newScope("e")).toEqual([]);
});
