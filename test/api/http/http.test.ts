import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import pino from "pino";
import { Authenticator } from "../../../src/domain/api-key/authenticator";
import { AccessNotifier } from "../../../src/auth/access-notifier";
import { readConfig } from "../../../src/config";
import { statusOf } from "../../../src/errors";
import { createHttp } from "../../../src/api/http/http";
import { version } from "../../../package.json";
import { type RawAnswer, sendRaw } from "../../support/raw";
import { adminKey, useServer } from "../../support/server";

const server = useServer();
afterEach(() => jest.restoreAllMocks());

const admin = { authorization: `Bearer ${adminKey}` };
const json = { "content-type": "application/json" };
const viewer = `{ viewer { kind } }`;

const post = (body: unknown, headers: Record<string, string> = {}) =>
  sendRaw(server.current.url, {
    headers: { ...admin, ...json, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const get = (
  parameters: Record<string, string>,
  headers: Record<string, string> = { "apollo-require-preflight": "1" },
) =>
  sendRaw(`${server.current.url}?${new URLSearchParams(parameters).toString()}`, {
    method: "GET",
    headers: { ...admin, ...headers },
  });

/** The status and the code of a response with exactly one error. */
function errorOf({ status, text }: RawAnswer): [status: number | undefined, code: string] {
  const { data, errors } = JSON.parse(text) as { data?: unknown; errors: [{ extensions: { code: string } }] };
  expect([data, errors]).toEqual([undefined, [expect.anything()]]);
  return [status, errors[0].extensions.code];
}

describe("an operation", () => {
  test("has the same response by POST and by GET", async () => {
    const query = `query a { viewer { kind } } query b($if: Boolean!) { viewer { name @include(if: $if) } }`;
    for (const answer of [
      await post({ query, operationName: "b", variables: { if: true }, extensions: {} }),
      await get({ query, operationName: "b", variables: '{"if":true}' }),
    ]) {
      expect([answer.status, answer.headers["content-type"], JSON.parse(answer.text)]).toEqual([
        200,
        "application/json; charset=utf-8",
        { data: { viewer: { name: "administrator" } } },
      ]);
    }
  });

  test("that a browser would send for a foreign page without a preflight request is refused", async () => {
    // The browser adds none of the headers that a request of this server must have, and a page can't add them unasked.
    const { origin } = new URL(server.current.url);
    const preflight = { origin: "https://foreign.example", "access-control-request-method": "GET" };
    const refused = await sendRaw(`${origin}/graphql`, { method: "OPTIONS", headers: preflight });
    expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([404, undefined]);
    expect(errorOf(await get({ query: viewer }, { authorization: "" }))).toEqual([401, "UNAUTHENTICATED"]);
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      expect(errorOf(await get({ query: viewer }, { "content-type": type }))).toEqual([415, "BAD_REQUEST"]);
      expect(errorOf(await post({ query: viewer }, { "content-type": type }))).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    }
    const form = { "content-type": "multipart/form-data; boundary=cut" };
    expect(errorOf(await post("--cut--", form))).toEqual([400, "BAD_USER_INPUT"]);
  });

  test("that is a mutation is refused by GET, and changes nothing", async () => {
    const app = await server.current.newApp();
    const query = `mutation { createAgent(input: { appId: "${app.id}", name: "Ada" }) { agent { id } } }`;
    expect(errorOf(await get({ query }))).toEqual([405, "BAD_REQUEST"]);
    expect(await (await app.key()).data(`{ agents { totalCount } }`)).toEqual({ agents: { totalCount: 0 } });
  });

  test("that is a subscription is refused with 405", async () => {
    const query = `subscription { runEvents(runId: "none") { index } }`;
    expect(errorOf(await post({ query }))).toEqual([405, "BAD_USER_INPUT"]);
    expect(errorOf(await get({ query }))).toEqual([405, "BAD_REQUEST"]);
  });

  test("that is invalid has the status that its accepted media type requires", async () => {
    const rich = { accept: "application/graphql-response+json, application/json;q=0.5" };
    const variables = { id: 5.5 };
    for (const [body, code] of [
      [{ query: "{ viewer {" }, "GRAPHQL_PARSE_FAILED"],
      [{ query: "{ nothing }" }, "GRAPHQL_VALIDATION_FAILED"],
      [{ query: `query ($id: ID!) { app(id: $id) { id } }`, variables }, "BAD_USER_INPUT"],
      [{ query: `query a ${viewer} query b ${viewer}`, operationName: "c" }, "OPERATION_RESOLUTION_FAILURE"],
      [{ query: `query a ${viewer} query b ${viewer}` }, "OPERATION_RESOLUTION_FAILURE"],
    ] as const) {
      for (const accept of ["application/json", "*/*"])
        expect(errorOf(await post(body, { accept }))).toEqual([200, code]);
      const answer = await post(body, rich);
      expect(errorOf(answer)).toEqual([400, code]);
      expect(answer.headers["content-type"]).toBe("application/graphql-response+json; charset=utf-8");
    }
  });

  test("may be an introspection with every valid credential", async () => {
    const key = await (await server.current.newApp()).key({});
    const { __schema } = await key.data(`{ __schema { queryType { name } types { name } } }`);
    expect(__schema.types).toContainEqual({ name: "AgentAccess" });
  });
});

describe("a body", () => {
  test.each([
    ["nothing", "", "BAD_USER_INPUT"],
    ["half an object", `{"query": `, "BAD_USER_INPUT"],
    ["invalid JSON", "query", "BAD_USER_INPUT"],
    ["null", "null", "BAD_REQUEST"],
    ["a number", "5", "BAD_REQUEST"],
    ["a string", `"{ viewer { kind } }"`, "BAD_REQUEST"],
    ["an empty object", "{}", "BAD_REQUEST"],
    ["no query", `{"variables": {}}`, "BAD_REQUEST"],
    ["an empty query", `{"query": ""}`, "BAD_REQUEST"],
    ["a number for a query", `{"query": 5}`, "BAD_REQUEST"],
    ["an array for variables", `{"query": "${viewer}", "variables": [1]}`, "BAD_REQUEST"],
    ["a string for variables", `{"query": "${viewer}", "variables": "{}"}`, "BAD_REQUEST"],
    ["a number for the operation name", `{"query": "${viewer}", "operationName": 5}`, "BAD_REQUEST"],
    ["a string for extensions", `{"query": "${viewer}", "extensions": "{}"}`, "BAD_REQUEST"],
    ["a `__proto__` key", `{"query": "${viewer}", "variables": {"__proto__": {"kind": 1}}}`, "BAD_USER_INPUT"],
    ["a `constructor` key", `{"query": "${viewer}", "constructor": {"prototype": {"kind": 1}}}`, "BAD_USER_INPUT"],
    ["several operations", `[{"query": "${viewer}"}, {"query": "${viewer}"}]`, "BAD_REQUEST"],
    ["one operation in an array", `[{"query": "${viewer}"}]`, "BAD_REQUEST"],
    ["an empty array", "[]", "BAD_REQUEST"],
  ])("that is or has %s is refused", async (_, body, code) => {
    expect(errorOf(await post(body))).toEqual([400, code]);
  });

  test("may have exactly the maximum of bytes", async () => {
    const padded = (length: number) => JSON.stringify({ query: viewer }).padEnd(length);
    expect((await post(padded(1_000_000))).status).toBe(200);
    expect(errorOf(await post(padded(1_000_001)))).toEqual([413, "PAYLOAD_TOO_LARGE"]);
    expect(errorOf(await post(padded(10_000_000)))).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  });

  test("of an unsupported content type is refused", async () => {
    for (const type of ["application/graphql", "application/xml", "text/csv", "x", "", "application/json-seq"]) {
      expect(errorOf(await post({ query: viewer }, { "content-type": type }))).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    }
    const { status } = await post({ query: viewer }, { "content-type": "Application/JSON ; charset=UTF-8" });
    expect(status).toBe(200);
  });

  test.each([
    ["immediately", 0],
    ["a second later, without a notification,", 1_100],
  ])("that ends %s after its key was revoked is refused", async (_, delayMs) => {
    if (delayMs > 0) jest.spyOn(AccessNotifier.prototype, "notify").mockResolvedValue();
    const app = await server.current.newApp();
    const [key, witness] = [await app.key(), await app.key()];
    const body = JSON.stringify({ query: `mutation { createAgent(input: { name: "late" }) { agent { id } } }` });
    const authenticate = jest.spyOn(Authenticator.prototype, "authenticate");
    const slow = sendRaw(key.url, {
      headers: { ...json, "x-api-key": key.secret, "content-length": `${body.length}` },
      body: (async function* () {
        yield body.slice(0, 10);
        while (!authenticate.mock.calls.some(([{ secret }]) => secret === key.secret)) await delay(1);
        const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`;
        await server.current.admin.data(revoke, { id: key.keyId });
        await delay(delayMs);
        yield body.slice(10);
      })(),
    });
    expect(errorOf(await slow)).toEqual([401, "UNAUTHENTICATED"]);
    expect(await witness.data(`{ agents { totalCount } }`)).toEqual({ agents: { totalCount: 0 } });
  });

  test("of random bytes does not affect other requests", async () => {
    const body = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record(
          { query: fc.oneof(fc.string(), fc.constant(viewer), fc.anything()), variables: fc.anything() },
          { requiredKeys: [] },
        )
        .map((each) => JSON.stringify(each)),
      fc
        .string({ unit: fc.constantFrom(...'{}()[]:!$@&|="#, \n...aviewer5on') })
        .map((query) => JSON.stringify({ query })),
    );
    const type = fc.constantFrom("application/json", "multipart/form-data; boundary=a", "text/plain", "");
    const ofApollo = [
      "BAD_REQUEST",
      "GRAPHQL_PARSE_FAILED",
      "GRAPHQL_VALIDATION_FAILED",
      "OPERATION_RESOLUTION_FAILURE",
    ];
    const known = [...Object.keys(statusOf), ...ofApollo];
    await fc.assert(
      fc.asyncProperty(body, type, async (sent, contentType) => {
        const { status, text } = await sendRaw(server.current.url, {
          headers: { ...admin, "content-type": contentType, "apollo-require-preflight": "1" },
          body: sent,
        });
        expect(status).toBeLessThan(500);
        const { errors = [] } = JSON.parse(text) as { errors?: { extensions: { code: string } }[] };
        for (const { extensions } of errors) expect(known).toContain(extensions.code);
      }),
      { numRuns: 400 },
    );
    expect((await post({ query: viewer })).status).toBe(200);
  });
});

describe("a response", () => {
  test("has a request id for the log, and a new one unless the client chose a well-formed one", async () => {
    const { origin } = new URL(server.current.url);
    const idHeaders = { "x-request-id": "not well-formed", "request-id": "mine" };
    const responses = [
      await post({ query: viewer }, idHeaders),
      await post({ query: viewer }, idHeaders),
      await post("", idHeaders),
      await post({ query: viewer }, { ...idHeaders, authorization: "" }),
      await post({ query: viewer }, { ...idHeaders, accept: "text/event-stream" }),
      await sendRaw(`${origin}/healthz`, { method: "GET", headers: idHeaders }),
      await sendRaw(`${origin}/elsewhere`, { method: "GET", headers: idHeaders }),
    ];
    const ids = responses.map(({ headers }) => headers["x-request-id"]);
    expect(new Set(ids).size).toBe(responses.length);
    const newId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    for (const id of ids) expect(id).toMatch(newId);

    const idAfter = async (id: string | string[]) =>
      (await sendRaw(`${origin}/healthz`, { method: "GET", headers: { "x-request-id": id } })).headers["x-request-id"];
    for (const id of ["a", "0197-f00d", "Root=1-67891233-abcdef012345678912345678", "x".repeat(128)]) {
      expect(await idAfter(id)).toBe(id);
    }
    for (const id of ["", "x".repeat(129), "a b", "a,b", "ä", '"', "<b>", "a\tb", "{}", ["a", "b"]]) {
      expect(await idAfter(id)).toMatch(newId);
    }
  });

  test("for an unknown path names the path of the API, and the body is not read", async () => {
    const { origin } = new URL(server.current.url);
    const unread = { headers: { ...json, "content-length": "20000000" }, body: "{", isUnfinished: true };
    for (const answer of [
      await sendRaw(`${origin}/elsewhere`, { method: "GET" }),
      await sendRaw(`${origin}/%zz`, { method: "GET" }),
      await sendRaw(`${origin}/graphql/`, { method: "GET", headers: admin }),
      await sendRaw(`${origin}/graphql`, { method: "PUT", headers: admin }),
      await sendRaw(`${origin}/elsewhere`, { headers: json, body: "{" }),
      await sendRaw(`${origin}/elsewhere`, unread),
    ]) {
      expect(errorOf(answer)).toEqual([404, "NOT_FOUND"]);
      expect(answer.text).toContain("/graphql");
    }
  });

  test("of the health endpoints needs no credential", async () => {
    const { origin } = new URL(server.current.url);
    const health = await sendRaw(`${origin}/healthz`, { method: "GET" });
    expect([health.status, JSON.parse(health.text)]).toEqual([200, { status: "ok", version }]);
    const readiness = await sendRaw(`${origin}/readyz`, { method: "GET" });
    expect([readiness.status, JSON.parse(readiness.text)]).toEqual([200, { status: "ready" }]);
  });

  test("to a request with an invalid host is BAD_USER_INPUT", async () => {
    for (const host of ["a b", "[", "a%zz", "::::"]) {
      expect(errorOf(await post({ query: viewer }, { host }))).toEqual([400, "BAD_USER_INPUT"]);
    }
  });
});

test("timeouts for slow requests are set, and the connections are bounded", async () => {
  const { limits } = readConfig({});
  const runtime = { log: pino({ level: "silent" }) };
  const connectionGate = { attach: jest.fn() };
  const { server: http } = createHttp(
    { runtime, doorkeeper: {}, liveConnections: {}, connectionGate } as never,
    {} as never,
    limits,
  );
  expect(http.headersTimeout).toBeLessThanOrEqual(15_000);
  expect(http.requestTimeout).toBeLessThanOrEqual(120_000);
  expect(connectionGate.attach).toHaveBeenCalledWith(http);
});
