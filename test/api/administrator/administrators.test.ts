import { createHash, randomUUID } from "node:crypto";
import { type NamedAdministrator, newAdministrator } from "../../support/administrators";
import { Client } from "../../support/client";
import { useServer } from "../../support/server";
import { statementsOf } from "../../support/statements";

const server = useServer();
const create = `mutation ($input: CreateAdministratorInput!) {
  createAdministrator(input: $input) {
    secret administrator { id name role appIds status hint createdAt createdBy keyCreatedAt revokedAt issuer subject }
  }
}`;
const update = `mutation ($input: UpdateAdministratorInput!) {
  updateAdministrator(input: $input) { administrator { id name role appIds } }
}`;
const rotate = `mutation ($id: ID!) { rotateAdministratorKey(input: { id: $id }) { secret administrator { hint } } }`;
const revoke = `mutation ($id: ID!) {
  revokeAdministrator(input: { id: $id, reason: "left" }) {
    administrator { status revokedAt revokedBy revokedReason }
  }
}`;
const viewer = `{ viewer { kind name role appIds permissions { agents runtime } app { id } apiKey { id } } }`;

const withSecret = (secret: string) => new Client(server.current.url, ["authorization", `Bearer ${secret}`]);
const refusalOf = async (client: Client) => {
  const { status, body } = await client.send(viewer);
  const [error] = (body as { errors?: { message: string; extensions: Record<string, unknown> }[] }).errors ?? [];
  return { status, ...error?.extensions };
};

test("an administrator has a key of its own, which is told once and stored as its digest", async () => {
  const { admin } = server.current;
  const name = `Ada ${randomUUID()}`;
  const { createAdministrator } = await admin.data(create, { input: { name, role: "ADMIN" } });
  const { secret, administrator } = createAdministrator;
  expect(secret).toMatch(/^latchkeyadm_[0-9A-Za-z]{49}$/);
  expect(administrator).toMatchObject({
    name,
    role: "ADMIN",
    appIds: null,
    status: "ACTIVE",
    hint: `${secret.slice(0, 16)}…${secret.slice(-4)}`,
    createdBy: "administrator",
    revokedAt: null,
    issuer: null,
    subject: null,
  });
  const [row] = await server.current.sql(`SELECT * FROM administrator WHERE id = '${administrator.id}'`);
  expect(Buffer.from(row?.["digest"] as Buffer)).toEqual(
    createHash("sha256")
      .update(secret as string)
      .digest(),
  );
  expect(JSON.stringify(row)).not.toContain(secret);
  expect((await withSecret(secret as string).data(viewer)).viewer).toEqual({
    kind: "ADMIN",
    name,
    role: "ADMIN",
    appIds: null,
    permissions: { agents: "FULL", runtime: expect.arrayContaining(["RUN"]) },
    app: null,
    apiKey: null,
  });
});

test("the viewer of each kind of caller says its role and its apps", async () => {
  const app = await server.current.newApp();
  const [manager, auditor] = [
    await newAdministrator(server.current, { role: "KEY_MANAGER", appIds: [app.id, app.id] }),
    await newAdministrator(server.current, { role: "AUDITOR" }),
  ];
  const viewerOf = async (client: Client) => (await client.data(viewer)).viewer;
  expect(await viewerOf(manager)).toMatchObject({
    kind: "ADMIN",
    name: manager.name,
    role: "KEY_MANAGER",
    appIds: [app.id],
    permissions: { agents: "VIEW", runtime: [] },
  });
  expect(await viewerOf(auditor)).toMatchObject({
    role: "AUDITOR",
    appIds: null,
    permissions: { agents: "VIEW", runtime: ["SESSION_VIEW"] },
  });
  expect(await viewerOf(server.current.admin)).toMatchObject({ name: "administrator", role: "ADMIN", appIds: null });
  expect(await viewerOf(await app.key())).toMatchObject({ kind: "API_KEY", role: null, appIds: null });
});

test("a key that is mistyped, unknown or in the wrong header is refused with 401, as an API key is", async () => {
  const { secret } = await newAdministrator(server.current, { role: "ADMIN" });
  const mistyped = secret.slice(0, -1) + (secret.endsWith("a") ? "b" : "a");
  expect(await refusalOf(withSecret(mistyped))).toEqual({
    status: 401,
    code: "UNAUTHENTICATED",
    reason: "KEY_CHECKSUM",
  });
  expect(await refusalOf(withSecret(secret.slice(0, -3)))).toMatchObject({ reason: "KEY_TOO_SHORT" });
  expect(await refusalOf(server.current.withKey(secret))).toMatchObject({ status: 401, reason: "WRONG_HEADER" });
  const { status, body } = await withSecret("a-key-that-nobody-was-ever-given").send(viewer);
  const rotated = (await server.current.admin.data(rotate, { id: await idOf(secret) })).rotateAdministratorKey;
  const old = await withSecret(secret).send(viewer);
  expect([old.status, old.body]).toEqual([status, body]);
  expect((await withSecret(rotated.secret as string).data(viewer)).viewer.kind).toBe("ADMIN");
});

const idOf = async (secret: string): Promise<string> => {
  const { administrators } = await server.current.admin.data(
    `{ administrators(last: 50, first: null) { nodes { id hint } } }`,
  );
  return administrators.nodes.find(({ hint }: { hint: string }) => hint.endsWith(secret.slice(-4))).id as string;
};

test("a change of the role or the apps is in effect once it is answered", async () => {
  const { admin } = server.current;
  const [app, other] = [await server.current.newApp(), await server.current.newApp()];
  const ada = await newAdministrator(server.current, { role: "ADMIN", appIds: [app.id] });
  const rename = `mutation ($id: ID!, $name: String!) { updateApp(input: { id: $id, name: $name }) { app { id } } }`;
  const renaming = (id: string) => ada.code(rename, { id, name: randomUUID() });
  expect([await renaming(app.id), await renaming(other.id)]).toEqual([undefined, "NOT_FOUND"]);
  await admin.data(update, { input: { id: ada.id, appIds: [other.id] } });
  expect([await renaming(app.id), await renaming(other.id)]).toEqual(["NOT_FOUND", undefined]);
  await admin.data(update, { input: { id: ada.id, appIds: null } });
  expect([await renaming(app.id), await renaming(other.id)]).toEqual([undefined, undefined]);
  const { updateAdministrator } = await admin.data(update, { input: { id: ada.id, role: "AUDITOR" } });
  expect(updateAdministrator.administrator).toMatchObject({ name: ada.name, role: "AUDITOR", appIds: null });
  expect(await renaming(app.id)).toBe("FORBIDDEN");
});

test("a revocation is final, says who and why, and frees the name", async () => {
  const { admin } = server.current;
  const [ada, eve] = [
    await newAdministrator(server.current, { role: "ADMIN" }),
    await newAdministrator(server.current, { role: "ADMIN" }),
  ];
  const { revokeAdministrator } = await ada.data(revoke, { id: eve.id });
  expect(revokeAdministrator.administrator).toEqual({
    status: "REVOKED",
    revokedAt: expect.any(String),
    revokedBy: ada.name,
    revokedReason: "left",
  });
  expect(await refusalOf(eve)).toEqual({ status: 401, code: "UNAUTHENTICATED", reason: "ADMINISTRATOR_REVOKED" });
  expect((await admin.data(revoke, { id: eve.id })).revokeAdministrator).toEqual(revokeAdministrator);
  for (const mutation of [rotate, update]) {
    const [error] = await admin.errors(mutation, { id: eve.id, input: { id: eve.id, role: "ADMIN" } });
    expect(error?.extensions).toMatchObject({ code: "CONFLICT", reason: "ADMINISTRATOR_REVOKED" });
  }
  expect(await admin.code(create, { input: { name: eve.name, role: "AUDITOR" } })).toBeUndefined();
});

test("a name that is taken or the root key's, and apps that do not exist, are refused", async () => {
  const { admin } = server.current;
  const { name } = await newAdministrator(server.current, { role: "AUDITOR" });
  const input = { name: randomUUID(), role: "AUDITOR" };
  const refused = async (change: object) => (await admin.errors(create, { input: { ...input, ...change } }))[0];
  expect((await refused({ name }))?.extensions).toMatchObject({ code: "CONFLICT", reason: "NAME_TAKEN" });
  for (const change of [{ name: "Administrator" }, { appIds: [] }, { appIds: [randomUUID()] }]) {
    const error = await refused(change);
    expect([error?.extensions.code, error?.extensions["fields"]]).toEqual([
      "BAD_USER_INPUT",
      [{ field: `input.${Object.keys(change)[0]}`, message: expect.any(String) }],
    ]);
  }
});

test("administrators are found by status and role", async () => {
  const { admin } = server.current;
  const auditor = await newAdministrator(server.current, { role: "AUDITOR" });
  const manager = await newAdministrator(server.current, { role: "KEY_MANAGER" });
  await admin.data(revoke, { id: manager.id });
  const query = `query ($filter: AdministratorFilter) { administrators(filter: $filter, first: 200) { nodes { id } } }`;
  const idsOf = async (filter: object) =>
    (await auditor.data(query, { filter })).administrators.nodes.map(({ id }: { id: string }) => id);
  expect(await idsOf({ status: "REVOKED", role: "KEY_MANAGER" })).toEqual([manager.id]);
  expect(await idsOf({ role: "AUDITOR" })).toContain(auditor.id);
  expect(await idsOf({ status: "ACTIVE" })).not.toContain(manager.id);
  const one = await auditor.data(`query ($id: ID!) { administrator(id: $id) { name role } }`, { id: manager.id });
  expect(one.administrator).toEqual({ name: manager.name, role: "KEY_MANAGER" });
});

test("what an administrator by name creates, revokes and starts says the name", async () => {
  const app = await server.current.newApp();
  const ada = await newAdministrator(server.current, { role: "ADMIN", appIds: [app.id] });
  const scopeId = await app.scope({});
  const { createApiKey } = await ada.data(
    `mutation ($id: ID!) { createApiKey(input: { scopeId: $id, name: "k" }) { apiKey { id createdBy } } }`,
    { id: scopeId },
  );
  expect(createApiKey.apiKey.createdBy).toBe(ada.name);
  const { revokeApiKey } = await ada.data(
    `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { revokedBy } } }`,
    { id: createApiKey.apiKey.id },
  );
  expect(revokeApiKey.apiKey.revokedBy).toBe(ada.name);
  const { executeAgent } = await ada.data(
    `mutation ($id: ID!) { executeAgent(input: { agentId: $id, text: "Hi" }) { run { startedBy { kind name apiKey { id } } } } }`,
    { id: await app.agent() },
  );
  expect(executeAgent.run.startedBy).toEqual({ kind: "ADMIN", name: ada.name, apiKey: null });
});

test("a request of an administrator by name takes one statement more than one of the root key", async () => {
  const app = await server.current.newApp();
  const ada: NamedAdministrator = await newAdministrator(server.current, { role: "AUDITOR" });
  const id = await app.agent();
  const read = (client: Client) => client.data(`query ($id: ID!) { agent(id: $id) { name } }`, { id });
  const byRoot = await statementsOf(() => read(server.current.admin));
  const byName = await statementsOf(() => read(ada));
  expect(byName.length - byRoot.length).toBe(1);
  expect(byName.filter((statement) => /FROM .administrator./.test(statement))).toHaveLength(1);
});
