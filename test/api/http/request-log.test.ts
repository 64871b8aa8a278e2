import { randomUUID } from "node:crypto";
import type { Client } from "../../support/client";
import { createTestLog } from "../../support/log";
import { eventually } from "../../support/runs";
import { TestServer, useServer } from "../../support/server";
import { overSse, overWebSocket } from "../../support/stream-clients";
import { requestStatementsOf } from "../../support/statements";
import { Connection } from "../../support/streams";

const { log, lines } = createTestLog();
const server = useServer({}, {}, log);

type Line = Record<string, unknown>;
const requests = (): Line[] => lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === "request");

/** The line of a request, which is written when its response has been sent. */
async function lineOf(isOf: (line: Line) => boolean): Promise<Line> {
  await eventually(() => requests().some(isOf));
  const found = requests().filter(isOf);
  expect(found).toHaveLength(1);
  return found[0] as Line;
}

async function lineOfRequest(send: (id: string) => Promise<unknown>): Promise<Line> {
  const id = randomUUID();
  await send(id);
  return lineOf(({ requestId }) => requestId === id);
}

const post = (client: Client, body: object) => (id: string) =>
  client.post().set("x-request-id", id).send(body) as unknown as Promise<unknown>;

test("an operation of a key has one line with its key, app, kind, name, verdict, duration and statements", async () => {
  const app = await server.current.newApp();
  const key = await app.key();
  const sent: string[] = [];
  const line = await lineOfRequest(async (id) => {
    sent.push(
      ...(await requestStatementsOf(() => post(key, { query: "query Named { agents { nodes { id } } }" })(id))),
    );
  });
  expect(line).toMatchObject({
    level: 30,
    transport: "http",
    caller: key.keyId,
    app: app.id,
    operation: "query",
    operationName: "Named",
    verdict: "ALLOWED",
    durationMs: expect.any(Number),
    statements: sent.length,
  });
  expect(line).not.toHaveProperty("code");
});

test("the statements of a mutation are counted, those of its transaction included", async () => {
  const key = await (await server.current.newApp()).key();
  const sent: string[] = [];
  const query = `mutation { createSession(input: {}) { session { id } } }`;
  const line = await lineOfRequest(async (id) => {
    sent.push(...(await requestStatementsOf(() => post(key, { query })(id))));
  });
  // On SQLite several transactions share the statements that begin and end them, and each has a savepoint.
  const isShared = sent.some((statement) => statement.startsWith("SAVEPOINT"));
  const own = sent.filter(
    (statement) => !/^SET TRANSACTION/.test(statement) && !(isShared && /^(BEGIN|COMMIT)/.test(statement)),
  );
  expect(line).toMatchObject({ operation: "mutation", verdict: "ALLOWED", statements: own.length });
});

test("a request that is not executed has a line with its verdict and code", async () => {
  const { admin, anonymous } = server.current;
  const app = await server.current.newApp();
  const [key, revoked] = [await app.key({ agents: "VIEW" }), await app.key()];
  await admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, { id: revoked.keyId });

  const refused = async (client: Client, body: object) => lineOfRequest(post(client, body));
  expect(await refused(key, { query: "{ apps { nodes { id } } }" })).toMatchObject({
    caller: key.keyId,
    operation: "query",
    verdict: "FORBIDDEN",
    code: "FORBIDDEN",
  });
  expect(await refused(anonymous, { query: "{ viewer { kind } }" })).toMatchObject({
    caller: null,
    verdict: "UNAUTHENTICATED",
    code: "UNAUTHENTICATED",
    statements: 0,
  });
  const unauthenticated = { caller: null, verdict: "UNAUTHENTICATED", code: "UNAUTHENTICATED" };
  expect(await refused(revoked, { query: "{ viewer { kind } }" })).toMatchObject(unauthenticated);
  expect(await refused(key, { query: "{ unknown }" })).toMatchObject({
    caller: key.keyId,
    verdict: "INVALID",
    code: "GRAPHQL_VALIDATION_FAILED",
  });
  expect(await refused(key, { query: "query A { viewer { kind } }", operationName: "B" })).toMatchObject({
    verdict: "INVALID",
    code: "OPERATION_RESOLUTION_FAILURE",
  });
  expect(await refused(key, {})).toMatchObject({ verdict: "INVALID", code: "BAD_REQUEST" });
});

test("an operation that was executed and failed is ALLOWED, with the code of its first error", async () => {
  const key = await (await server.current.newApp()).key();
  const query = `mutation { terminateSession(input: { id: "none" }) { session { id } } }`;
  expect(await lineOfRequest(post(key, { query }))).toMatchObject({ verdict: "ALLOWED", code: "NOT_FOUND" });
});

test("each operation over a WebSocket or server-sent events has a line, and so has a connection that is refused", async () => {
  const key = await (await server.current.newApp()).key({});
  await overWebSocket(key, "query OverWebSocket { viewer { kind } }");
  expect(await lineOf(({ operationName }) => operationName === "OverWebSocket")).toMatchObject({
    transport: "websocket",
    caller: key.keyId,
    verdict: "ALLOWED",
  });
  await overWebSocket(key, "query RefusedOverWebSocket { agents { nodes { id } } }");
  expect(await lineOf(({ caller, verdict }) => caller === key.keyId && verdict === "FORBIDDEN")).toMatchObject({
    transport: "websocket",
  });
  await overSse(key, "query OverSse { viewer { kind } }");
  expect(await lineOf(({ operationName }) => operationName === "OverSse")).toMatchObject({
    transport: "sse",
    caller: key.keyId,
    verdict: "ALLOWED",
  });
  const before = requests().length;
  await new Connection(key.url, { "x-api-key": "latchkey_wrong" }).closed;
  await eventually(() => requests().length > before);
  expect(requests().at(-1)).toMatchObject({
    transport: "websocket",
    caller: null,
    verdict: "UNAUTHENTICATED",
    code: "UNAUTHENTICATED",
  });
});

test("health checks have no line", async () => {
  const { origin } = new URL(server.current.url);
  const before = requests().length;
  await fetch(`${origin}/healthz`);
  await fetch(`${origin}/readyz`);
  await lineOfRequest(post(server.current.admin, { query: "{ viewer { kind } }" }));
  expect(requests().length).toBe(before + 1);
});

test("a long name of an operation is cut, and one that looks like a credential is left out", async () => {
  const { admin } = server.current;
  const long = await lineOfRequest(post(admin, { query: `query ${"N".repeat(1_000)} { viewer { kind } }` }));
  expect(long["operationName"]).toBe("N".repeat(64));
  const key = await (await server.current.newApp()).key();
  const secret = await lineOfRequest(post(admin, { query: `query ${key.secret} { viewer { kind } }` }));
  expect(secret).not.toHaveProperty("operationName");
});

test("requests without a valid credential fill no disk: of many in a second, the log has some and the number of the others", async () => {
  const { anonymous } = server.current;
  const before = lines.length;
  await Promise.all(Array.from({ length: 200 }, () => anonymous.send("{ viewer { kind } }")));
  const anonymousLines = () => requests().filter(({ caller }) => caller === null).length;
  expect(anonymousLines()).toBeGreaterThan(0);
  await eventually(async () => {
    await anonymous.send("{ viewer { kind } }");
    return lines.slice(before).some((line) => line.includes("were left out of the log"));
  });
  const omitted = lines
    .slice(before)
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => typeof line["omitted"] === "number");
  expect(omitted.length).toBeGreaterThan(0);
});

test("LOG_REQUESTS=refused leaves out what was executed, and off leaves out all", async () => {
  const linesWith = async (mode: string) => {
    const own = createTestLog();
    const other = await TestServer.start({ LOG_REQUESTS: mode }, {}, own.log);
    try {
      await other.admin.send("{ viewer { kind } }");
      await other.anonymous.send("{ viewer { kind } }");
    } finally {
      await other.stop();
    }
    return own.lines.map((line) => JSON.parse(line) as Line).filter(({ msg }) => msg === "request");
  };
  expect((await linesWith("refused")).map(({ verdict }) => verdict)).toEqual(["UNAUTHENTICATED"]);
  expect(await linesWith("off")).toEqual([]);
});
