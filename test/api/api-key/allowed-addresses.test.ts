import { randomUUID } from "node:crypto";
import request from "supertest";
import { WebSocket } from "ws";
import { eventually, execute } from "../../support/runs";
import { useServer } from "../../support/server";
import { requestStatementsOf } from "../../support/statements";
import { transports } from "../../support/streams";
import { KeyHolder, type TestApp } from "../../support/test-app";
import { TestModel } from "../../support/test-model";

const model = new TestModel();
const server = useServer({ TRUSTED_PROXIES: "127.0.0.1" }, { "test:model": model });
afterEach(() => model.releaseAll());

const viewer = `{ viewer { name } }`;
const [inside, outside] = ["10.1.2.3", "198.51.100.9"];
const refusal = (address: string) => ({
  message: expect.stringContaining(address),
  extensions: { code: "FORBIDDEN", reason: "ADDRESS", address },
});
const updateScope = `mutation ($input: UpdateScopeInput!) {
  updateScope(input: $input) { scope { version allowedAddresses } shutOutKeys { id lastUsedFrom } }
}`;
const updateApiKey = `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { allowedAddresses } } }`;

const changeScope = async (id: string, input: object) =>
  (await server.current.admin.data(updateScope, { input: { id, ...input } })).updateScope;
const changeKey = async ({ keyId: id }: KeyHolder, allowedAddresses: string[]) =>
  (await server.current.admin.data(updateApiKey, { input: { id, allowedAddresses } })).updateApiKey.apiKey;

/** Sends a request as a proxy forwards it. */
const from = (key: KeyHolder, address: string, query = viewer) =>
  key.post().set("x-forwarded-for", address).send({ query });

async function newKey(app?: TestApp): Promise<KeyHolder> {
  return (app ?? (await server.current.newApp())).key();
}

test("a key is used from addresses that both its scope and itself allow, and is told the address that was seen", async () => {
  const key = await newKey();
  const statusFrom = async (address: string) => (await from(key, address)).status;
  await changeScope(key.scopeId, { allowedAddresses: ["10.0.0.0/8", "2001:db8::/32"] });
  expect([await statusFrom(inside), await statusFrom("10.9.9.9"), await statusFrom("2001:db8::7")]).toEqual([
    200, 200, 200,
  ]);
  const { status, body } = await from(key, outside);
  expect([status, body]).toEqual([403, { errors: [refusal(outside)] }]);

  await changeKey(key, [inside]);
  expect([await statusFrom(inside), await statusFrom("10.9.9.9"), await statusFrom(outside)]).toEqual([200, 403, 403]);
  await changeScope(key.scopeId, { allowedAddresses: [] });
  expect([await statusFrom(inside), await statusFrom(outside)]).toEqual([200, 403]);
  await changeKey(key, []);
  expect(await statusFrom(outside)).toBe(200);
  expect(await server.current.admin.code(viewer)).toBeUndefined();
});

test("an address that an untrusted client has invented does not count", async () => {
  const key = await newKey();
  await changeKey(key, [inside]);
  const { status, body } = await from(key, `${inside}, ${outside}`);
  expect([status, body.errors[0].extensions.address]).toEqual([403, outside]);
});

test("networks are stored without the bits behind their prefix, each once, at most 50, and what is none is refused", async () => {
  const { admin } = server.current;
  const key = await newKey();
  const given = ["10.1.2.3/8", "10.0.0.0/8", "203.0.113.7"];
  const stored = ["10.0.0.0/8", "203.0.113.7/32"];
  expect(await changeKey(key, given)).toEqual({ allowedAddresses: stored });
  expect((await changeScope(key.scopeId, { allowedAddresses: given })).scope.allowedAddresses).toEqual(stored);
  const many = Array.from({ length: 51 }, (_, i) => `10.0.0.${i}`);
  for (const allowedAddresses of [many, ["host"], ["10.0.0.0/33"], [""]]) {
    for (const [mutation, id] of [
      [updateApiKey, key.keyId],
      [updateScope, key.scopeId],
    ] as const) {
      expect(await admin.code(mutation, { input: { id, allowedAddresses } })).toBe("BAD_USER_INPUT");
    }
  }
});

test("a use from an address that is refused is no use: it is not noted, and does not end a predecessor", async () => {
  const { admin, url } = server.current;
  const old = await newKey();
  await changeKey(old, [inside]);
  const { rotateApiKey } = await admin.data(
    `mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 600, endOldOnFirstUse: true }) { secret apiKey { id } } }`,
    { id: old.keyId },
  );
  const next = new KeyHolder(url, rotateApiKey.secret, rotateApiKey.apiKey.id, old.scopeId);
  expect((await from(next, outside)).status).toBe(403);
  expect((await from(old, inside)).status).toBe(200);
  expect((await from(next, inside)).status).toBe(200);
  expect((await from(old, inside)).status).toBe(401);
});

test.each(Object.entries(transports))("a stream over %s ends when its address is shut out", async (_, open) => {
  const app = await server.current.newApp();
  const key = await newKey(app);
  const agentId = await app.agent({ model: "test:model" });
  const { run } = await execute(key, { agentId, text: "one hold", waitMs: 0 });
  const stream = open(key, `subscription ($id: ID!) { runEvents(runId: $id) { index } }`, { id: run.id });
  await eventually(() => stream.results.length > 0);
  await changeScope(key.scopeId, { allowedAddresses: ["10.0.0.0/8"] });
  await stream.end;
  expect((await from(key, inside)).status).toBe(200);
});

test("a WebSocket is refused at the upgrade, or closed with 4403 and the reason ADDRESS after connection_init", async () => {
  const key = await newKey();
  await changeKey(key, [inside]);
  const url = server.current.url.replace("http", "ws");
  const upgrade = new WebSocket(url, "graphql-transport-ws", { headers: { "x-api-key": key.secret } });
  const status = await new Promise((resolve) => {
    upgrade
      .on("unexpected-response", (_request, response) => resolve(response.statusCode))
      .on("error", () => undefined);
  });
  expect(status).toBe(403);

  const socket = new WebSocket(url, "graphql-transport-ws");
  socket.on("open", () =>
    socket.send(JSON.stringify({ type: "connection_init", payload: { "x-api-key": key.secret } })),
  );
  const closed = await new Promise((resolve) => socket.on("close", (code, reason) => resolve([code, String(reason)])));
  expect(closed).toEqual([4403, "ADDRESS"]);
});

test("a download by a link of a key needs an address that the key may be used from", async () => {
  const app = await server.current.newApp();
  const key = await newKey(app);
  const id = await app.document(await app.session());
  await changeKey(key, [inside]);
  const { body } = await from(key, inside, `{ documentContent(id: "${id}") { url } }`);
  const link = new URL(body.data.documentContent.url, server.current.url);
  const statusFrom = async (address: string) =>
    (
      await request(link.origin)
        .get(link.pathname + link.search)
        .set("x-forwarded-for", address)
    ).status;
  expect([await statusFrom(inside), await statusFrom(outside)]).toEqual([200, 404]);
});

test("a dry run of updateScope names the keys that were used lately from where they would be shut out, and changes nothing", async () => {
  const app = await server.current.newApp();
  const keys = [await newKey(app)];
  const { scopeId } = keys[0] as KeyHolder;
  for (let i = 0; i < 4; i++) keys.push(await app.key(scopeId));
  const dayMs = 86_400_000;
  const uses = [
    [outside, 1],
    [inside, 1],
    [outside, 31],
    [null, 1],
    [outside, 1],
  ] as const;
  for (const [i, [address, days]] of uses.entries()) {
    const at = new Date(Date.now() - days * dayMs).toISOString().replace("T", " ").slice(0, -1);
    const quoted = address === null ? "NULL" : `'${address}'`;
    await server.current.sql(
      `UPDATE api_key SET lastUsedAt = '${at}', lastUsedFrom = ${quoted} WHERE id = '${keys[i]?.keyId}'`,
    );
  }
  const { admin } = server.current;
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
    id: keys[4]?.keyId,
  });

  const input = { allowedAddresses: ["10.0.0.0/8"], dryRun: true };
  expect(await changeScope(scopeId, input)).toEqual({
    scope: { version: 2, allowedAddresses: ["10.0.0.0/8"] },
    shutOutKeys: [{ id: keys[0]?.keyId, lastUsedFrom: outside }],
  });
  expect(
    (await admin.data(`query ($id: ID!) { scope(id: $id) { version allowedAddresses } }`, { id: scopeId })).scope,
  ).toEqual({
    version: 1,
    allowedAddresses: [],
  });
  expect((await from(keys[1] as KeyHolder, outside)).status).toBe(200);
  const code = await admin.code(updateScope, { input: { id: randomUUID(), ...input } });
  expect(code).toBe("NOT_FOUND");
});

test("the verdict takes one statement with lists of addresses", async () => {
  const key = await newKey();
  await changeScope(key.scopeId, { allowedAddresses: ["10.0.0.0/8", "127.0.0.1"] });
  await changeKey(key, ["127.0.0.1"]);
  expect(await requestStatementsOf(() => key.data(viewer))).toHaveLength(1);
});

test("updateScope names the keys that would be shut out, however many newer ones would not", async () => {
  const app = await server.current.newApp();
  const { keyId, scopeId } = await app.key();
  for (let i = 0; i < 52; i++) await Promise.all(Array.from({ length: 10 }, () => app.key(scopeId)));
  const now = new Date().toISOString().replace("T", " ").slice(0, -1);
  await server.current.sql(
    `UPDATE api_key SET lastUsedAt = '${now}', lastUsedFrom = CASE id WHEN '${keyId}' THEN '${outside}' ELSE '${inside}' END
     WHERE scopeId = '${scopeId}'`,
  );
  const { shutOutKeys } = await changeScope(scopeId, { allowedAddresses: ["10.0.0.0/8"], dryRun: true });
  expect(shutOutKeys).toEqual([{ id: keyId, lastUsedFrom: outside }]);
});
