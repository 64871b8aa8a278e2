import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BetterSqlite3QueryRunner } from "typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { newSecret } from "../../../src/domain/api-key/secret";
import { AppService } from "../../../src/domain/app/app.service";
import type { Client } from "../../support/client";
import { createTestLog } from "../../support/log";
import { sendRaw } from "../../support/raw";
import { adminKey, useServer } from "../../support/server";
import { statementsOf } from "../../support/statements";
import { transports } from "../../support/streams";
import type { KeyHolder } from "../../support/test-app";

const { log, lines } = createTestLog();
const server = useServer({}, {}, log);
afterEach(() => jest.restoreAllMocks());

const json = { "content-type": "application/json" };
const viewer = JSON.stringify({ query: `{ viewer { kind name } }` });
const bearer = `Bearer ${adminKey}`;
const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;

/** Sends a query with these headers; a list repeats its header. */
const sendAs = (headers: Record<string, string | string[]>, search = "") =>
  sendRaw(server.current.url + search, { headers: { ...json, ...headers }, body: viewer });

const newKey = async (): Promise<KeyHolder> => (await server.current.newApp()).key({});

test("exactly one valid credential is accepted, with its header and scheme in any case", async () => {
  const { secret } = await newKey();
  const administrator = { kind: "ADMIN", name: "administrator" };
  const holder = { kind: "API_KEY", name: expect.any(String) };
  for (const [name, value, caller] of [
    ["x-api-key", secret, holder],
    ["X-API-Key", ` ${secret} `, holder],
    ["authorization", bearer, administrator],
    ["AUTHORIZATION", `bearer ${adminKey}`, administrator],
    ["authorization", `BEARER   ${adminKey}`, administrator],
  ] as const) {
    const { status, text } = await sendAs({ [name]: value });
    expect([status, JSON.parse(text)]).toEqual([200, { data: { viewer: caller } }]);
  }
});

test("a request is answered with UNAVAILABLE while the database is away", async () => {
  const { secret } = await newKey();
  const runners = [BetterSqlite3QueryRunner.prototype, MysqlQueryRunner.prototype];
  const spies = runners.map((runner) => jest.spyOn(runner, "query").mockRejectedValue(new Error("away")));
  const { status, text } = await sendAs({ "x-api-key": secret });
  for (const spy of spies) spy.mockRestore();
  expect([status, JSON.parse(text).errors[0].extensions]).toEqual([503, { code: "UNAVAILABLE" }]);
});

test("everything else gets an identical 401, which does not disclose what is wrong", async () => {
  const { secret } = await newKey();
  const doomed = await server.current.newApp();
  const { secret: deleted } = await doomed.key();
  await server.current.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: doomed.id });

  const answers = [
    await sendAs({}),
    await sendAs({ "x-api-key": [secret, secret] }),
    await sendAs({ "x-api-key": [secret, ""] }),
    await sendAs({ authorization: [bearer, bearer] }),
    await sendAs({ authorization: ["", bearer] }),
    await sendAs({ "x-api-key": secret, authorization: bearer }),
    await sendAs({ "x-api-key": secret, authorization: "" }),
    await sendAs({ "x-api-key": "", authorization: bearer }),
    await sendAs({ "x-api-key": "" }),
    await sendAs({ "x-api-key": "  " }),
    await sendAs({ authorization: "" }),
    await sendAs({ authorization: "Bearer" }),
    await sendAs({ authorization: "Bearer " }),
    await sendAs({ authorization: adminKey }),
    await sendAs({ authorization: `Basic ${Buffer.from(`admin:${adminKey}`).toString("base64")}` }),
    await sendAs({ authorization: `Bearer ${adminKey} ${adminKey}` }),
    await sendAs({ authorization: `Bearer ${adminKey.slice(0, -1)}` }),
    await sendAs({ authorization: `Bearer ${adminKey.toUpperCase()}` }),
    await sendAs({ authorization: `Bearer ${secret}` }),
    await sendAs({ "x-api-key": adminKey }),
    await sendAs({ "x-api-key": bearer }),
    await sendAs({ "x-api-key": "latchkey_" }),
    await sendAs({ "x-api-key": "x".repeat(8_000) }),
    await sendAs({ "x-api-key": `${secret}, ${secret}` }),
    await sendAs({ "x-api-key": secret.toLowerCase() }),
    await sendAs({ "x-api-key": secret.slice(0, -1) + (secret.endsWith("0") ? "1" : "0") }),
    await sendAs({ "x-api-key": newSecret() }),
    await sendAs({ "x-api-key": deleted }),
    await sendAs({ "api-key": secret, apikey: secret, cookie: `x-api-key=${secret}` }),
    await sendAs({}, `?x-api-key=${secret}&authorization=${encodeURIComponent(bearer)}`),
    await sendAs({}, "/stream"),
    await sendAs({ accept: "text/event-stream" }, `/stream?token=${secret}`),
    await sendRaw(`${server.current.url}?query={viewer{kind}}`, { method: "GET" }),
  ];
  for (const { status, headers, text } of answers) {
    expect([status, headers["www-authenticate"], text]).toEqual([
      401,
      'Bearer realm="Latchkey"',
      '{"errors":[{"message":"Send exactly one valid credential: an API key in the header `x-api-key`, or the administrator\'s key in the header `authorization: Bearer ...`.","extensions":{"code":"UNAUTHENTICATED"}}]}',
    ]);
  }
});

test("a client with the secret of a revoked key learns that it is revoked", async () => {
  const { admin } = server.current;
  const app = await server.current.newApp();
  const [revoked, ofDeletedScope] = [await app.key(), await app.key()];
  await admin.data(revoke, { id: revoked.keyId });
  await admin.data(`mutation ($id: ID!) { deleteScope(input: { id: $id, revokeKeys: true }) { id } }`, {
    id: ofDeletedScope.scopeId,
  });
  for (const { secret } of [revoked, ofDeletedScope]) {
    const { status, text } = await sendAs({ "x-api-key": secret });
    expect([status, JSON.parse(text)]).toEqual([
      401,
      { errors: [{ message: expect.any(String), extensions: { code: "UNAUTHENTICATED", reason: "KEY_REVOKED" } }] },
    ]);
  }
});

test("a well-formed key takes one query, and a malformed one takes none", async () => {
  const [{ secret }, revoked] = [await newKey(), await newKey()];
  await server.current.admin.data(revoke, { id: revoked.keyId });
  const statementsFor = async (headers: Record<string, string>) => (await statementsOf(() => sendAs(headers))).length;

  expect(await statementsFor({ "x-api-key": secret })).toBe(1);
  expect(await statementsFor({ "x-api-key": newSecret() })).toBe(1);
  expect(await statementsFor({ "x-api-key": revoked.secret })).toBe(1);
  expect(await statementsFor({ "x-api-key": `${secret.slice(0, -1)}~` })).toBe(0);
  expect(await statementsFor({ "x-api-key": secret.replace(/.$/, (last) => (last === "0" ? "1" : "0")) })).toBe(0);
  expect(await statementsFor({ "x-api-key": secret, authorization: bearer })).toBe(0);
  expect(await statementsFor({ authorization: bearer })).toBe(0);
  expect(await statementsFor({ authorization: "Bearer wrong" })).toBe(0);
});

describe("without a credential the body is not read", () => {
  const multipart = { "content-type": "multipart/form-data; boundary=cut", "apollo-require-preflight": "1" };

  test.each<[name: string, headers: Record<string, string>, body: string]>([
    ["a document that is not GraphQL", json, JSON.stringify({ query: "{ not GraphQL" })],
    ["invalid JSON", json, `{"query": `],
    ["an unsupported content type", { "content-type": "text/csv" }, "a,b"],
    ["a body that is too large", json, JSON.stringify({ query: "#".repeat(1_100_000) })],
    ["an invalid upload", multipart, "--cut\r\nnonsense\r\n--cut--\r\n"],
  ])("%s", async (_, headers, body) => {
    const { status, text } = await sendRaw(server.current.url, { headers, body });
    expect([status, JSON.parse(text)]).toMatchObject([401, { errors: [{ extensions: { code: "UNAUTHENTICATED" } }] }]);
  });

  test.each([
    ["a request", json, `{"query": "`],
    ["an upload", multipart, "--cut\r\n"],
  ])("%s whose body never ends", async (_, headers, body) => {
    const length = { "content-length": "20000000" };
    for (const key of [{}, { "x-api-key": newSecret() }, { authorization: "Bearer wrong" }]) {
      const sent = { headers: { ...headers, ...length, ...key }, body, isUnfinished: true };
      const { status, headers: answered } = await sendRaw(server.current.url, sent);
      expect([status, answered["connection"]]).toEqual([401, "close"]);
    }
  });
});

test("the secret is in one response and nowhere else: no other response, no log, no database", async () => {
  const { admin } = server.current;
  const key = await newKey();
  const textOf = async (client: Client, query: string) => (await client.send(query, { id: key.keyId })).text;
  const responses: unknown[] = [
    await textOf(key, `{ viewer { name apiKey { id name hint status scope { name } } permissions { agents } } }`),
    await textOf(key, `{ agents { nodes { id } } }`),
    await textOf(key, `{ nothing`),
    await sendAs({ "x-api-key": key.secret, authorization: bearer }),
    await sendAs({ authorization: `Bearer ${key.secret}` }),
    await sendRaw(`${server.current.url}/${key.secret}?x-api-key=${key.secret}`),
    await sendRaw(`${server.current.url}?query={viewer{name}}`, {
      method: "GET",
      headers: { "x-api-key": key.secret },
    }),
    await transports.WebSocket(key, `{ viewer { name } }`).all(),
    await transports["server-sent events"](key, `{ viewer { name } }`).all(),
  ];
  jest.spyOn(AppService.prototype, "get").mockRejectedValue(new Error("no app"));
  responses.push(await textOf(key, `{ viewer { app { name } } }`));
  responses.push(await textOf(admin, `query ($id: ID!) { apiKey(id: $id) { id name hint status } }`));
  responses.push(await textOf(admin, revoke), await textOf(key, `{ viewer { name } }`));
  expect(lines.join("")).toContain("no app");

  const [stored] = await server.current.sql(`SELECT * FROM api_key WHERE id = '${key.keyId}'`);
  expect(stored?.["digest"]).toEqual(createHash("sha256").update(key.secret).digest());
  const files = readdirSync(server.current.dataDir, { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  const kept = files.map((file) => readFileSync(join(file.parentPath, file.name), "latin1"));

  const output = [JSON.stringify([responses, stored]), lines.join(""), ...kept].join("");
  expect(output).toContain(key.secret.slice(-4));
  expect(output.includes(key.secret.slice(13, -4))).toBe(false);
  expect(lines.join("")).not.toContain(adminKey);
});
