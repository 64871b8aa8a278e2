import { Client } from "../../support/client";
import { useServer } from "../../support/server";

const server = useServer({ MODEL_ALLOWED_HOSTS: "127.0.0.1", TOOL_ALLOWED_HOSTS: "127.0.0.1" });

const auditLog = `query ($appId: ID, $filter: AuditFilter) {
  auditLog(appId: $appId, filter: $filter, first: 200) {
    totalCount
    nodes { sequence at action actor { kind id name } target { type id name } before after address requestId occurrences hash previousHash }
  }
}`;

async function entriesOf(appId: string | null, filter?: object) {
  const { auditLog: page } = await server.current.admin.data(auditLog, { appId, filter });
  return page.nodes;
}

const actionsOf = async (appId: string) =>
  (await entriesOf(appId)).map(({ action }: { action: string }) => action).reverse();

test("an entry says who changed what, from where and in which request, and what was there before and after", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({ agents: "FULL" });
  const response = await server.current.admin
    .post()
    .set("x-request-id", "ticket-7")
    .send({
      query: `mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { name } } }`,
      variables: { input: { id: scopeId, name: "narrow", permissions: { agents: "VIEW", runtime: ["RUN"] } } },
    });
  expect(response.body.errors).toBeUndefined();

  const [entry] = await entriesOf(app.id);
  expect(entry).toMatchObject({
    sequence: 3,
    action: "UPDATE_SCOPE",
    actor: { kind: "ADMINISTRATOR", id: null, name: "administrator" },
    target: { type: "SCOPE", id: scopeId, name: "narrow" },
    before: { agents: "FULL", runtime: [] },
    after: { name: "narrow", agents: "VIEW", runtime: ["RUN"] },
    address: "127.0.0.1",
    requestId: "ticket-7",
    occurrences: 1,
  });
  expect(Math.abs(Date.now() - Date.parse(entry.at as string))).toBeLessThan(60_000);
});

test("each change of an app and of what belongs to it has one entry, in the order of the changes", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const key = await app.key();
  const agentId = await app.agent();
  await key.data(`mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { id } } }`, {
    input: { id: agentId, name: "renamed" },
  });
  await key.data(`mutation ($id: ID!) { deleteAgent(input: { id: $id }) { id } }`, { id: agentId });
  const toolServerId = await app.toolServer("http://127.0.0.1:9/mcp");
  await admin.data(`mutation ($id: ID!) { deleteToolServer(input: { id: $id }) { id } }`, { id: toolServerId });
  const connectionId = await app.modelConnection("http://127.0.0.1:9/v1");
  await admin.data(
    `mutation ($id: ID!) { updateModelConnection(input: { id: $id, name: "other" }) { modelConnection { id } } }`,
    {
      id: connectionId,
    },
  );
  await admin.data(`mutation ($id: ID!) { replaceCallbackSecret(input: { appId: $id }) { secret } }`, { id: app.id });
  await admin.data(`mutation ($id: ID!) { updateApp(input: { id: $id, limits: { agents: 3 } }) { app { id } } }`, {
    id: app.id,
  });
  await admin.data(`mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 60 }) { apiKey { id } } }`, {
    id: key.keyId,
  });
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id, reason: "lost" }) { apiKey { id } } }`, {
    id: key.keyId,
  });
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, { id: key.keyId });
  await admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, {
    id: key.scopeId,
  });

  expect(await actionsOf(app.id)).toEqual([
    "CREATE_APP",
    "CREATE_SCOPE",
    "CREATE_API_KEY",
    "CREATE_AGENT",
    "UPDATE_AGENT",
    "DELETE_AGENT",
    "CREATE_TOOL_SERVER",
    "DELETE_TOOL_SERVER",
    "CREATE_MODEL_CONNECTION",
    "UPDATE_MODEL_CONNECTION",
    "REPLACE_CALLBACK_SECRET",
    "UPDATE_APP",
    "ROTATE_API_KEY",
    "CREATE_API_KEY",
    "REVOKE_API_KEY",
    "DELETE_SCOPE",
  ]);
  const entries = (await entriesOf(app.id)).reverse();
  expect(entries.map(({ sequence }: { sequence: number }) => sequence)).toEqual(
    entries.map((_: unknown, i: number) => i + 1),
  );
  for (let i = 1; i < entries.length; i++) expect(entries[i].previousHash).toBe(entries[i - 1].hash);
  expect(entries[4]).toMatchObject({ actor: { kind: "API_KEY", id: key.keyId }, after: { name: "renamed" } });
  expect(entries[11]).toMatchObject({ before: { agents: 10_000 }, after: { agents: 3 } });
  expect(entries[14].after).toMatchObject({ revokedReason: "lost", revokedRuns: "CANCEL" });
});

test("a change that is refused has no entry", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  const input = { scopeId, name: "web" };
  const createApiKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }`;
  await admin.data(createApiKey, { input });
  expect(await admin.code(createApiKey, { input })).toBe("CONFLICT");
  expect(
    await admin.code(
      `mutation ($id: ID!) { updateScope(input: { id: $id, name: "n", expectedVersion: 9 }) { scope { id } } }`,
      {
        id: scopeId,
      },
    ),
  ).toBe("CONFLICT");
  await admin.data(
    `mutation ($id: ID!) { updateScope(input: { id: $id, name: "n", dryRun: true }) { scope { id } } }`,
    {
      id: scopeId,
    },
  );
  expect(await actionsOf(app.id)).toEqual(["CREATE_APP", "CREATE_SCOPE", "CREATE_API_KEY"]);
});

test("concurrent changes of an app and of several apps all succeed, and make one chain for each app", async () => {
  const apps = await Promise.all(Array.from({ length: 4 }, () => server.current.newApp()));
  await Promise.all(apps.flatMap((app) => Array.from({ length: 12 }, () => app.scope({}))));
  for (const app of apps) {
    const entries = (await entriesOf(app.id)).reverse();
    expect(entries).toHaveLength(13);
    for (let i = 1; i < entries.length; i++) expect(entries[i].previousHash).toBe(entries[i - 1].hash);
  }
});

test("the entries of a deleted app stay, and the chain above apps says when it began", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  await app.key();
  await admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: app.id });
  expect((await actionsOf(app.id)).at(-1)).toBe("DELETE_APP");
  const [start] = await entriesOf(null, { targetId: app.id });
  expect(start).toMatchObject({ action: "START_CHAIN", target: { type: "AUDIT_LOG", id: app.id } });
});

test("no entry has a secret, and a replaced secret shows as changed", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const key = await app.key();
  const connectionId = await app.modelConnection("http://127.0.0.1:9/v1", { apiKey: "canary-one" });
  await admin.data(
    `mutation ($id: ID!) { updateModelConnection(input: { id: $id, apiKey: "canary-two" }) { modelConnection { id } } }`,
    { id: connectionId },
  );
  await app.toolServer("http://127.0.0.1:9/mcp", { headers: [{ name: "x-token", value: "canary-three" }] });
  const entries = await entriesOf(app.id);
  const text = JSON.stringify(entries) + JSON.stringify(await server.current.sql("SELECT * FROM audit_entry"));
  expect(text).not.toContain("canary");
  expect(text).not.toContain(key.secret);
  const update = entries.find(({ action }: { action: string }) => action === "UPDATE_MODEL_CONNECTION");
  expect(update.before.apiKey).not.toBe(update.after.apiKey);
});

test("the filters find the entries of an actor, of a target, of an action and of a time", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  await key.data(`mutation { createAgent(input: { name: "a" }) { agent { id } } }`);
  const actionsBy = async (filter: object) =>
    (await entriesOf(app.id, filter)).map(({ action }: { action: string }) => action);
  expect(await actionsBy({ actorId: key.keyId })).toEqual(["CREATE_AGENT"]);
  expect(await actionsBy({ targetId: key.scopeId })).toEqual(["CREATE_SCOPE"]);
  expect(await actionsBy({ action: "CREATE_APP" })).toEqual(["CREATE_APP"]);
  expect(await actionsBy({ createdBefore: "2020-01-01T00:00:00Z" })).toEqual([]);
  expect(await actionsBy({ createdAfter: "2020-01-01T00:00:00Z", action: "CREATE_APP" })).toEqual(["CREATE_APP"]);
  const { admin } = server.current;
  expect(await admin.code(auditLog, { appId: app.id, filter: { actorId: key.keyId, action: "CREATE_APP" } })).toBe(
    "BAD_USER_INPUT",
  );
});

test("changes of administrators are in the chain above apps, which an administrator of some apps can't read", async () => {
  const { admin, url } = server.current;
  const app = await server.current.newApp();
  const { createAdministrator: created } = await admin.data(
    `mutation ($input: CreateAdministratorInput!) { createAdministrator(input: $input) { secret administrator { id } } }`,
    { input: { name: `auditor ${app.id}`, role: "AUDITOR", appIds: [app.id] } },
  );
  const { id } = created.administrator as { id: string };
  await admin.data(`mutation ($id: ID!) { revokeAdministrator(input: { id: $id }) { administrator { id } } }`, { id });
  const entries = await entriesOf(null, { targetId: id });
  expect(entries.map(({ action }: { action: string }) => action)).toEqual([
    "REVOKE_ADMINISTRATOR",
    "CREATE_ADMINISTRATOR",
  ]);
  expect(JSON.stringify(entries)).not.toContain(created.secret);

  const { createAdministrator: auditor } = await admin.data(
    `mutation ($input: CreateAdministratorInput!) { createAdministrator(input: $input) { secret } }`,
    { input: { name: `other auditor ${app.id}`, role: "AUDITOR", appIds: [app.id] } },
  );
  const confined = new Client(url, ["authorization", `Bearer ${auditor.secret as string}`]);
  const other = await server.current.newApp();
  expect(
    (await confined.data(`query ($id: ID) { auditLog(appId: $id) { totalCount } }`, { id: app.id })).auditLog,
  ).toEqual({
    totalCount: 1,
  });
  expect(await confined.code(`query ($id: ID) { auditLog(appId: $id) { totalCount } }`, { id: other.id })).toBe(
    "NOT_FOUND",
  );
  expect(await confined.code(`{ auditLog { totalCount } }`)).toBe("BAD_USER_INPUT");
});
