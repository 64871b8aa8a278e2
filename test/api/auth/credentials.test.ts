import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SqliteQueryRunner } from "../../../src/platform/database/sqlite-query-runner";
import { TimedQueryRunner } from "../../../src/platform/database/mysql-timeouts";
import { newSecret } from "../../../src/domain/api-key/secret";
import { type CredentialReason, credentialReasons } from "../../../src/errors";
import { AppService } from "../../../src/domain/app/app.service";
import { Client } from "../../support/client";
import { createTestLog } from "../../support/log";
import { sendRaw } from "../../support/raw";
import { eventually } from "../../support/runs";
import { adminKey, useServer } from "../../support/server";
import { requestStatementsOf } from "../../support/statements";
import { Connection, transports } from "../../support/streams";
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
    ["authorization", `Bearer ${secret}`, holder],
    ["Authorization", `bearer  ${secret}`, holder],
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
  const runners = [SqliteQueryRunner.prototype, TimedQueryRunner.prototype];
  const spies = runners.map((runner) => jest.spyOn(runner, "query").mockRejectedValue(new Error("away")));
  const { status, text } = await sendAs({ "x-api-key": secret });
  for (const spy of spies) spy.mockRestore();
  expect([status, JSON.parse(text).errors[0].extensions]).toEqual([503, { code: "UNAVAILABLE" }]);
});

/** The reason of a refusal, which is the same whether the credential would be valid in another form or not. */
const refusals = (secret: string, unknown: string): [reason: string, headers: Record<string, string | string[]>][] =>
  [secret, unknown].flatMap((key): [string, Record<string, string | string[]>][] => [
    ["SEVERAL_CREDENTIALS", { "x-api-key": [key, newSecret()] }],
    ["SEVERAL_CREDENTIALS", { "x-api-key": `${key}, ${newSecret()}` }],
    ["SEVERAL_CREDENTIALS", { "x-api-key": key, authorization: bearer }],
    ["SEVERAL_CREDENTIALS", { authorization: [`Bearer ${key}`, bearer] }],
    ["SEVERAL_CREDENTIALS", { authorization: `Bearer ${key}, ${bearer}` }],
    ["WRONG_HEADER", { "x-api-key": adminKey }],
    ["WRONG_HEADER", { "x-api-key": adminKey.slice(1) }],
    ["WRONG_HEADER", { "x-api-key": bearer }],
    ["WRONG_HEADER", { "x-api-key": `Bearer ${key}` }],
    ["WRONG_HEADER", { "x-api-key": "x".repeat(8_000) }],
    ["WRONG_HEADER", { "x-api-key": key.toUpperCase() }],
    ["WRONG_HEADER", { "x-api-key": key.slice(1) }],
    ["WRONG_SCHEME", { authorization: key }],
    ["WRONG_SCHEME", { authorization: "Bearer" }],
    ["WRONG_SCHEME", { authorization: adminKey }],
    ["WRONG_SCHEME", { authorization: `ApiKey ${key}` }],
    ["WRONG_SCHEME", { authorization: `Basic ${Buffer.from(`admin:${adminKey}`).toString("base64")}` }],
    ["QUOTED", { "x-api-key": `"${key}"` }],
    ["QUOTED", { "x-api-key": `'${key}'` }],
    ["QUOTED", { "x-api-key": `<${key}>` }],
    ["QUOTED", { authorization: `"Bearer ${key}"` }],
    ["QUOTED", { authorization: `Bearer "${key}"` }],
    ["QUOTED", { authorization: `Bearer "${adminKey}"` }],
    ["QUOTED", { authorization: `Bearer <${adminKey}>` }],
    ["WHITE_SPACE", { "x-api-key": `${key.slice(0, 20)} ${key.slice(20)}` }],
    ["WHITE_SPACE", { authorization: `Bearer ${adminKey} ${adminKey}` }],
    ["KEY_TOO_SHORT", { "x-api-key": "latchkey_" }],
    ["KEY_TOO_SHORT", { "x-api-key": key.slice(0, -1) }],
    ["KEY_TOO_SHORT", { authorization: `Bearer ${key.slice(0, 30)}` }],
    ["KEY_TOO_LONG", { "x-api-key": `latchkey_${"x".repeat(8_000)}` }],
    ["KEY_TOO_LONG", { "x-api-key": `${key};` }],
    ["KEY_CHARACTERS", { "x-api-key": `${key.slice(0, -1)}~` }],
    ["KEY_CHARACTERS", { "x-api-key": "latchkey_..." }],
    ["KEY_CHECKSUM", { "x-api-key": key.toLowerCase() }],
    ["KEY_CHECKSUM", { "x-api-key": key.slice(0, -1) + (key.endsWith("0") ? "1" : "0") }],
    ["KEY_CHECKSUM", { authorization: `Bearer ${key.slice(0, 12)}${key.slice(13)}0` }],
  ]);

test("a credential whose form rules it out is told why, in an answer that does not disclose whether it is valid", async () => {
  const { secret } = await newKey();
  for (const [reason, headers] of refusals(secret, newSecret())) {
    const { status, headers: answered, text } = await sendAs(headers);
    expect([headers, status, answered["www-authenticate"], JSON.parse(text)]).toEqual([
      headers,
      401,
      'Bearer realm="Latchkey"',
      {
        errors: [
          { message: credentialReasons[reason as CredentialReason], extensions: { code: "UNAUTHENTICATED", reason } },
        ],
      },
    ]);
  }
});

test("a request without a credential is told so, wherever else it has one", async () => {
  const { secret } = await newKey();
  for (const { status, headers, text } of [
    await sendAs({}),
    await sendAs({ "x-api-key": "" }),
    await sendAs({ "x-api-key": "  ", authorization: "" }),
    await sendAs({ "api-key": secret, apikey: secret, cookie: `x-api-key=${secret}` }),
    await sendAs({}, `?x-api-key=${secret}&authorization=${encodeURIComponent(bearer)}`),
    await sendAs({}, "/stream"),
    await sendAs({ accept: "text/event-stream" }, `/stream?token=${secret}`),
    await sendRaw(`${server.current.url}?query={viewer{kind}}`, { method: "GET" }),
  ]) {
    expect([status, headers["www-authenticate"], JSON.parse(text).errors[0].extensions]).toEqual([
      401,
      'Bearer realm="Latchkey"',
      { code: "UNAUTHENTICATED", reason: "NO_CREDENTIAL" },
    ]);
  }
});

test("a credential that is well-formed but not valid gets an identical 401, which does not disclose what is wrong", async () => {
  const doomed = await server.current.newApp();
  const { secret: deleted } = await doomed.key();
  await server.current.admin.data(`mutation ($id: ID!) { deleteApp(input: { id: $id }) { id } }`, { id: doomed.id });
  for (const { status, headers, text } of [
    await sendAs({ "x-api-key": newSecret() }),
    await sendAs({ "x-api-key": deleted }),
    await sendAs({ authorization: `Bearer ${newSecret()}` }),
    await sendAs({ authorization: `Bearer ${deleted}` }),
    await sendAs({ authorization: "Bearer wrong" }),
    await sendAs({ authorization: `Bearer ${adminKey.slice(0, -1)}` }),
    await sendAs({ authorization: `Bearer ${adminKey.toUpperCase()}` }),
  ]) {
    expect([status, headers["www-authenticate"], text]).toEqual([
      401,
      'Bearer realm="Latchkey"',
      '{"errors":[{"message":"Send exactly one valid credential: an API key in the header `x-api-key` or `authorization: Bearer ...`, or the administrator\'s key in the header `authorization: Bearer ...`.","extensions":{"code":"UNAUTHENTICATED"}}]}',
    ]);
  }
});

test("the same credential twice counts as one, and an empty header as none", async () => {
  const { secret } = await newKey();
  for (const [headers, kind] of [
    [{ "x-api-key": [secret, secret] }, "API_KEY"],
    [{ "x-api-key": `${secret}, ${secret}` }, "API_KEY"],
    [{ "x-api-key": secret, authorization: `Bearer ${secret}` }, "API_KEY"],
    [{ authorization: [`Bearer ${secret}`, `bearer  ${secret}`] }, "API_KEY"],
    [{ "x-api-key": [secret, ""], authorization: "" }, "API_KEY"],
    [{ authorization: [bearer, bearer] }, "ADMIN"],
    [{ authorization: `${bearer}, ${bearer}` }, "ADMIN"],
    [{ "x-api-key": "", authorization: bearer }, "ADMIN"],
  ] as const) {
    const { status, text } = await sendAs(headers as Record<string, string | string[]>);
    expect([status, JSON.parse(text).data?.viewer.kind]).toEqual([200, kind]);
  }
});

test("an API key is told which fields are the administrator's, by either header", async () => {
  const { secret } = await newKey();
  for (const headers of [{ "x-api-key": secret }, { authorization: `Bearer ${secret}` }]) {
    const { status, text } = await sendRaw(server.current.url, {
      headers: { ...json, ...headers },
      body: JSON.stringify({ query: `{ apps { totalCount } }` }),
    });
    expect([status, JSON.parse(text).errors[0]]).toEqual([
      403,
      expect.objectContaining({ message: "`apps` requires an administrator; no API key can use it." }),
    ]);
  }
});

describe("an API key in `authorization: Bearer` has its rights", () => {
  test("in uploads", async () => {
    const key = await (await server.current.newApp()).key({ runtime: ["DOCUMENT_UPLOAD", "SESSION_CREATE"] });
    const client = new Client(key.url, ["authorization", `Bearer ${key.secret}`]);
    const created = await client.data(`mutation { createSession(input: {}) { session { id } } }`);
    const { status, body } = await client.upload(created.createSession.session.id, "some text");
    expect([status, body.errors]).toEqual([200, undefined]);
    // Another test counts statements.
    await eventually(async () => {
      const documents = `query ($id: ID!) { session(id: $id) { documents { status } } }`;
      const { session } = await server.current.admin.data(documents, created.createSession.session);
      return session.documents[0].status === "READY";
    });
  });

  test("in server-sent events, and over a WebSocket, in the upgrade and in `connection_init`", async () => {
    const { secret, url } = await newKey();
    const authorization = `Bearer ${secret}`;
    const query = `{ viewer { kind } }`;
    const expected = [expect.objectContaining({ data: { viewer: { kind: "API_KEY" } } })];

    const client = new Client(url, ["authorization", authorization]);
    expect(await transports["server-sent events"](client, query).all()).toEqual(expected);
    expect(await transports.WebSocket(client, query).all()).toEqual(expected);
    const upgraded = new Connection(url, undefined, { authorization });
    expect(await upgraded.read(query).all()).toEqual(expected);
    upgraded.close();
  });

  test("unless the WebSocket has another credential, or a malformed one", async () => {
    const { secret, url } = await newKey();
    const authorization = `Bearer ${secret}`;
    for (const [params, headers, reason] of [
      [{ authorization }, { "x-api-key": newSecret() }, undefined],
      [{ authorization: bearer }, { "x-api-key": secret }, "SEVERAL_CREDENTIALS"],
      [{ authorization, "x-api-key": newSecret() }, {}, "SEVERAL_CREDENTIALS"],
      [{ authorization, Authorization: bearer }, {}, "SEVERAL_CREDENTIALS"],
      [{ "x-api-key": adminKey }, {}, "WRONG_HEADER"],
      [{ "x-api-key": `${secret}\n` }, {}, "LINE_BREAK"],
      [{ "x-api-key": [secret] }, {}, "WRONG_HEADER"],
      [{ authorization: 5 }, {}, "WRONG_SCHEME"],
      [{ "x-api-key": "", authorization: "" }, {}, "NO_CREDENTIAL"],
      [{}, {}, "NO_CREDENTIAL"],
    ] as const) {
      const connection = new Connection(url, params, headers);
      const { code, reason: shown } = await connection.closed;
      // An upgrade that is refused never becomes a connection.
      expect([params, code, shown]).toEqual([
        params,
        reason === undefined ? expect.anything() : 4401,
        reason ?? expect.anything(),
      ]);
    }
  });

  test("also if the WebSocket has it twice, beside empty headers", async () => {
    const { secret, url } = await newKey();
    const authorization = `Bearer ${secret}`;
    for (const [params, headers] of [
      [{ authorization }, { authorization }],
      [{ authorization }, { "x-api-key": secret }],
      [{ authorization, Authorization: authorization, "x-api-key": ` ${secret} ` }, {}],
      [{ "x-api-key": "", authorization }, {}],
      [{ "x-api-key": null, authorization }, {}],
    ] as const) {
      const connection = new Connection(url, params, headers);
      expect(await connection.read(`{ viewer { kind } }`).all()).toEqual([
        expect.objectContaining({ data: { viewer: { kind: "API_KEY" } } }),
      ]);
      connection.close();
    }
  });
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
    for (const headers of [{ "x-api-key": secret }, { authorization: `Bearer ${secret}` }]) {
      const { status, text } = await sendAs(headers);
      expect([status, JSON.parse(text)]).toEqual([
        401,
        { errors: [{ message: expect.any(String), extensions: { code: "UNAUTHENTICATED", reason: "KEY_REVOKED" } }] },
      ]);
    }
  }
});

test("a well-formed key takes one query, and a malformed one takes none", async () => {
  const [{ secret }, revoked] = [await newKey(), await newKey()];
  await server.current.admin.data(revoke, { id: revoked.keyId });
  const statementsFor = async (headers: Record<string, string>) =>
    (await requestStatementsOf(() => sendAs(headers))).length;

  expect(await statementsFor({ "x-api-key": secret })).toBe(1);
  expect(await statementsFor({ authorization: `Bearer ${secret}` })).toBe(1);
  expect(await statementsFor({ "x-api-key": newSecret() })).toBe(1);
  expect(await statementsFor({ authorization: `Bearer ${newSecret()}` })).toBe(1);
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
