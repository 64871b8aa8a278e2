import { randomUUID } from "node:crypto";
import { eventually, execute, finished } from "../../support/runs";
import { useServer } from "../../support/server";
import { asksForHolders, requestStatementsOf } from "../../support/statements";
import { transports } from "../../support/streams";
import { KeyHolder, type TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({}, { "test:model": model });
afterEach(() => model.releaseAll());

const record = `id name status revokedAt revokesAt successor { id } predecessor { id }`;
const rotateApiKey = `mutation ($input: RotateApiKeyInput!) {
  rotateApiKey(input: $input) { secret apiKey { ${record} description owner environment tags limits { requestsPerSecond } scope { id } } }
}`;
const viewer = `{ viewer { apiKey { id revokesAt } } }`;
const isRevoked = { code: "UNAUTHENTICATED", reason: "KEY_REVOKED" };

async function rotate(key: KeyHolder, input: object = {}): Promise<KeyHolder> {
  const { admin, url } = server.current;
  const { rotateApiKey: rotated } = await admin.data(rotateApiKey, { input: { id: key.keyId, ...input } });
  return new KeyHolder(url, rotated.secret, rotated.apiKey.id, key.scopeId);
}

const keyOf = async (id: string) =>
  (await server.current.admin.data(`query ($id: ID!) { apiKey(id: $id) { ${record} } }`, { id })).apiKey;

/** Lets the overlap of a key be over now, as if time had passed. */
const endOverlap = (key: KeyHolder) =>
  server.current.sql(`UPDATE api_key SET revokesAt = '2026-01-01 00:00:00.000' WHERE id = '${key.keyId}'`);

async function newKey(app?: TestApp): Promise<KeyHolder> {
  return (app ?? (await server.current.newApp())).key();
}

async function expectRefused(key: KeyHolder): Promise<void> {
  const { status, body } = await key.send(viewer);
  expect([status, body.errors[0].extensions]).toEqual([401, isRevoked]);
}

test("without an overlap the old key is refused once the rotation is answered, and its runs finish", async () => {
  const app = await server.current.newApp();
  const old = await newKey(app);
  const agentId = await app.agent({ model: "test:model" });
  const { run } = await execute(old, { agentId, text: "one hold", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const next = await rotate(old);
  await expectRefused(old);
  expect((await next.data(viewer)).viewer.apiKey.id).toBe(next.keyId);

  model.release();
  expect((await finished(server.current.admin, run.id)).status).toBe("SUCCEEDED");
  expect(await keyOf(old.keyId)).toMatchObject({
    status: "REVOKED",
    revokedAt: expect.any(String),
    successor: { id: next.keyId },
  });
});

test("the successor has the scope, the name, the limits and the records of the old key, which says which key it was", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  const input = {
    ...{ scopeId, name: "n".repeat(120), description: "d", owner: "o", environment: "e", tags: ["t"] },
    limits: { requestsPerSecond: 50 },
  };
  const { createApiKey } = await admin.data(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id hint } } }`,
    { input },
  );
  const { id, hint } = createApiKey.apiKey;
  const before = Date.now();
  const { rotateApiKey: rotated } = await admin.data(rotateApiKey, { input: { id, overlapSeconds: 60 } });
  expect(rotated.secret).toMatch(/^latchkey_[0-9A-Za-z]{49}$/);
  expect(rotated.apiKey).toMatchObject({
    ...{ name: input.name, description: "d", owner: "o", environment: "e", tags: ["t"], scope: { id: scopeId } },
    ...{ limits: { requestsPerSecond: 50 }, status: "ACTIVE", revokesAt: null, predecessor: { id }, successor: null },
  });
  const old = await keyOf(id);
  expect(old).toMatchObject({ status: "ACTIVE", revokedAt: null, successor: { id: rotated.apiKey.id } });
  expect(old.name).toBe(`${"n".repeat(102)} (replaced, ${hint.slice(-5)})`);
  expect(Date.parse(old.revokesAt) - before).toBeGreaterThanOrEqual(60_000);
  const tagged = `query ($appId: ID!) { apiKeys(appId: $appId, filter: { tag: "t" }) { totalCount } }`;
  expect((await admin.data(tagged, { appId: app.id })).apiKeys.totalCount).toBe(2);
});

test("both keys are valid in the overlap; when it is over the old one is refused by the verdict, with no sweep", async () => {
  const old = await newKey();
  const next = await rotate(old, { overlapSeconds: 2_592_000 });
  for (const key of [old, next, old]) expect((await key.data(viewer)).viewer.apiKey.id).toBe(key.keyId);

  await endOverlap(old);
  await expectRefused(old);
  const [row] = await server.current.sql(`SELECT revokedAt FROM api_key WHERE id = '${old.keyId}'`);
  expect(row).toEqual({ revokedAt: null });
  expect(await keyOf(old.keyId)).toMatchObject({ status: "REVOKED", revokedAt: "2026-01-01T00:00:00.000Z" });
  expect(await next.code(viewer)).toBeUndefined();
});

test("an overlap that is over counts as a revocation in lists, for names and for the deletion of the scope", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const old = await newKey(app);
  const next = await rotate(old, { overlapSeconds: 600 });
  const list = async (status: string) => {
    const query = `query ($appId: ID!) { apiKeys(appId: $appId, filter: { status: ${status} }) { totalCount nodes { id } } }`;
    return (await admin.data(query, { appId: app.id })).apiKeys.nodes.map(({ id }: { id: string }) => id);
  };
  expect(await list("ACTIVE")).toEqual([next.keyId, old.keyId]);
  await endOverlap(old);
  expect([await list("ACTIVE"), await list("REVOKED")]).toEqual([[next.keyId], [old.keyId]]);
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, { id: next.keyId });
  expect(await admin.code(`mutation ($id: ID!) { deleteScope(input: { id: $id }) { id } }`, { id: old.scopeId })).toBe(
    undefined,
  );
});

test("with endOldOnFirstUse, the first use of the new key ends the old one, its streams too, and its runs finish", async () => {
  const app = await server.current.newApp();
  const old = await newKey(app);
  const agentId = await app.agent({ model: "test:model" });
  const { run } = await execute(old, { agentId, text: "one hold", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const stream = transports["server-sent events"](old, `subscription ($id: ID!) { runEvents(runId: $id) { index } }`, {
    id: run.id,
  });
  const next = await rotate(old, { overlapSeconds: 600, endOldOnFirstUse: true });
  expect(await old.code(viewer)).toBeUndefined();

  const uses = await Promise.all(Array.from({ length: 5 }, () => next.code(viewer)));
  expect(uses).toEqual(uses.map(() => undefined));
  await expectRefused(old);
  await stream.end;
  model.release();
  expect((await finished(next, run.id)).status).toBe("SUCCEEDED");
});

test("a stream ends when the overlap of its key is over", async () => {
  const app = await server.current.newApp();
  const old = await newKey(app);
  const agentId = await app.agent({ model: "test:model" });
  const { run } = await execute(old, { agentId, text: "one hold", waitMs: 0 });
  await eventually(() => model.holding === 1);
  const stream = transports.WebSocket(old, `subscription ($id: ID!) { runEvents(runId: $id) { index } }`, {
    id: run.id,
  });
  await rotate(old, { overlapSeconds: 1 });
  await stream.end;
  await expectRefused(old);
});

test("the verdict takes one statement for a key, its predecessor and its successor", async () => {
  const app = await server.current.newApp();
  const old = await newKey(app);
  const next = await rotate(old, { overlapSeconds: 600, endOldOnFirstUse: true });
  await next.data(viewer);
  const last = await rotate(next, { overlapSeconds: 600 });
  for (const key of [next, last]) {
    const statements = await requestStatementsOf(() => key.data(`{ viewer { name } }`));
    expect(statements.filter(asksForHolders)).toHaveLength(1);
    expect(statements).toHaveLength(1);
  }
});

test("a key that is revoked or has a successor is not rotated, nor is one that does not exist", async () => {
  const { admin } = server.current;
  const key = await newKey();
  const errorOf = async (input: object) => (await admin.errors(rotateApiKey, { input }))[0]?.extensions;
  const next = await rotate(key, { overlapSeconds: 600 });
  expect(await errorOf({ id: key.keyId })).toMatchObject({ code: "CONFLICT", reason: "KEY_ROTATED" });
  await endOverlap(key);
  expect(await errorOf({ id: key.keyId })).toMatchObject({ code: "CONFLICT", reason: "KEY_REVOKED" });
  await admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, {
    id: next.scopeId,
  });
  expect(await errorOf({ id: next.keyId })).toMatchObject({ code: "CONFLICT", reason: "KEY_REVOKED" });
  expect(await errorOf({ id: randomUUID() })).toMatchObject({ code: "NOT_FOUND" });
  for (const overlapSeconds of [-1, 2_592_001]) {
    expect(await errorOf({ id: key.keyId, overlapSeconds })).toMatchObject({ code: "BAD_USER_INPUT" });
  }
});

test("of concurrent rotations of a key one succeeds", async () => {
  const key = await newKey();
  const codes = await Promise.all(
    Array.from({ length: 4 }, () => server.current.admin.code(rotateApiKey, { input: { id: key.keyId } })),
  );
  expect(codes.filter((code) => code === undefined)).toHaveLength(1);
  expect(new Set(codes)).toEqual(new Set([undefined, "CONFLICT"]));
});
