import { randomBytes } from "node:crypto";
import { Agent, type IncomingHttpHeaders, request as httpRequest } from "node:http";
import request from "supertest";
import { newSecret } from "../../src/domain/api-key/secret";
import { useAttackedServer } from "../support/attack";
import type { GraphQLAnswer } from "../support/client";
import { executeAgent } from "../support/runs";
import { overSse } from "../support/stream-clients";
import { Connection, RawSocket } from "../support/streams";
import type { KeyHolder } from "../support/test-app";

const maxFailures = 100;
/** The tests come from this proxy, each for addresses of its own. */
const server = useAttackedServer({
  TRUSTED_PROXIES: "127.0.0.1",
  MAX_FAILED_CREDENTIALS_PER_MINUTE: String(maxFailures),
});

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
afterAll(() => agent.destroy());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: GraphQLAnswer;
}

/** Sends an operation with a key, from an address. */
function send(secret: string, address: string, query = "{ viewer { __typename } }"): Promise<Answer> {
  const body = JSON.stringify({ query });
  const headers = { "x-api-key": secret, "x-forwarded-for": address, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(server.current.url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: JSON.parse(text) as GraphQLAnswer,
        }),
      );
    });
    sent.on("error", reject).end(body);
  });
}

/** Runs work so many times, some of it concurrently. */
async function times<Result>(count: number, work: (i: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const i = next++;
      results[i] = await work(i);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return results;
}

const countOf = (answers: readonly Answer[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;

async function limit(key: KeyHolder, limits: { key?: object; scope?: object }): Promise<void> {
  const { admin } = server.current;
  if (limits.key) {
    const input = { id: key.keyId, limits: limits.key };
    await admin.data(`mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id } } }`, {
      input,
    });
  }
  if (limits.scope) {
    const input = { id: key.scopeId, limits: limits.scope };
    await admin.data(`mutation ($input: UpdateScopeInput!) { updateScope(input: $input) { scope { id } } }`, { input });
  }
}

test("an address that guesses keys is answered 429, while keys that were used before and administrators get in from there", async () => {
  const key = await (await server.current.newApp()).key();
  expect((await send(key.secret, "203.0.113.1")).status).toBe(200);

  const { result: guesses } = await server.current.observe(() => times(1_000, () => send(newSecret(), "203.0.113.1")));
  expect(countOf(guesses, 401)).toBe(maxFailures);
  expect(countOf(guesses, 429)).toBe(1_000 - maxFailures);
  const { headers, body } = await send(newSecret(), "203.0.113.1");
  expect(body.errors?.[0]?.extensions.code).toBe("RATE_LIMITED");
  expect(body.errors?.[0]?.extensions["retryAfterMs"]).toBeGreaterThan(0);
  expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  expect(Number(headers["retry-after"])).toBeLessThanOrEqual(60);

  expect((await send(key.secret, "203.0.113.1")).status).toBe(200);
  const admin = await server.current.admin
    .post()
    .set("x-forwarded-for", "203.0.113.1")
    .send({ query: "{ __typename }" });
  expect(admin.status).toBe(200);
});

test("a key that this process has not seen is refused from an address that guesses, and gets in from any other", async () => {
  const key = await (await server.current.newApp()).key();
  await times(maxFailures + 1, () => send(newSecret(), "203.0.113.2"));
  expect((await send(key.secret, "203.0.113.2")).status).toBe(429);
  expect((await send(key.secret, "203.0.113.3")).status).toBe(200);
  expect((await send(key.secret, "203.0.113.2")).status).toBe(200);
});

test("addresses that a client invents do not help it to guess", async () => {
  const guesses = await times(400, (i) => send(newSecret(), `198.51.100.${i % 250}, 203.0.113.4`));
  expect(countOf(guesses, 401)).toBe(maxFailures);
});

test("addresses of one network of IPv6 count together", async () => {
  const guesses = await times(300, () => send(newSecret(), `2001:db8:0:7:${randomBytes(2).toString("hex")}::1`));
  expect(countOf(guesses, 401)).toBe(maxFailures);
});

test("guesses at the administrator's key are answered 429 too", async () => {
  const guess = () =>
    request(server.current.url)
      .post("")
      .set("authorization", `Bearer ${randomBytes(24).toString("hex")}`)
      .set("x-forwarded-for", "203.0.113.5")
      .send({});
  const statuses = await times(maxFailures + 50, async () => (await guess()).status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(maxFailures);
  expect(statuses.filter((status) => status === 429)).toHaveLength(50);
});

test("guesses over WebSockets count, in the upgrade and in connection_init", async () => {
  const headers = { "x-forwarded-for": "203.0.113.6" };
  await times(maxFailures - 2, () => send(newSecret(), "203.0.113.6"));
  const inPayload = new Connection(server.current.url, { "x-api-key": newSecret() }, headers);
  expect((await inPayload.closed).code).toBe(4401);
  const refusals: (number | undefined)[] = [];
  for (let i = 0; i < 3; i++) {
    const socket = new RawSocket(server.current.url, { ...headers, "x-api-key": newSecret() });
    await socket.closed;
    refusals.push(socket.refusal);
  }
  expect(refusals).toEqual([401, 429, 429]);
});

test("guesses from thousands of addresses leave no memory behind", async () => {
  const { keptBytes } = await server.current.observe(() =>
    times(10_000, (i) => send("latchkey_wrong", `100.${64 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`)),
  );
  expect(keptBytes).toBeLessThan(20_000_000);
});

test("a key that exceeds its rate is answered 429 with what is left in headers, and other keys are not", async () => {
  const app = await server.current.newApp();
  const [key, other] = [await app.key(), await app.key()];
  await limit(key, { key: { requestsPerSecond: 1, requestBurst: 20 } });
  const answers = await times(60, () => send(key.secret, "203.0.113.7"));
  expect(countOf(answers, 200)).toBeGreaterThanOrEqual(20);
  expect(countOf(answers, 200)).toBeLessThanOrEqual(40);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body.errors?.[0]?.extensions).toMatchObject({ code: "RATE_LIMITED" });
  expect(Number(refused?.headers["retry-after"])).toBeGreaterThan(0);
  const allowed = answers.find(({ status }) => status === 200);
  expect(allowed?.headers).toMatchObject({ "ratelimit-limit": "20", "ratelimit-reset": expect.any(String) as string });
  expect(countOf(await times(60, () => send(other.secret, "203.0.113.7")), 200)).toBe(60);
});

test("many mutations in one request cost as much as in many", async () => {
  const key = await (await server.current.newApp()).key();
  await limit(key, { key: { requestsPerSecond: 1, requestBurst: 30 } });
  const sessions = Array.from({ length: 15 }, (_, i) => `s${i}: createSession(input: {}) { session { id } }`).join(" ");
  const query = `mutation { ...F } fragment F on Mutation { ${sessions} }`;
  expect((await send(key.secret, "203.0.113.8", query)).status).toBe(200);
  const { status, body, headers } = await send(key.secret, "203.0.113.8", query);
  expect([status, body.data, body.errors?.[0]?.extensions.code]).toEqual([429, undefined, "RATE_LIMITED"]);
  expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  const [row] = await server.current.sql(
    `SELECT COUNT(*) AS opened FROM session JOIN api_key ON api_key.appId = session.appId WHERE api_key.id = '${key.keyId}'`,
  );
  expect(Number(row?.["opened"])).toBe(15);
});

test("the keys of a scope share its rate, and a key that is refused takes nothing from the others", async () => {
  const app = await server.current.newApp();
  const scopeId = await app.scope({});
  const [greedy, modest] = [await app.key(scopeId), await app.key(scopeId)];
  await limit(greedy, {
    key: { requestsPerSecond: 1, requestBurst: 10 },
    scope: { requestsPerSecond: 1, requestBurst: 60 },
  });
  await times(100, () => send(greedy.secret, "203.0.113.9"));
  const answers = await times(80, () => send(modest.secret, "203.0.113.9"));
  expect(countOf(answers, 200)).toBeGreaterThanOrEqual(30);
  expect(countOf(answers, 429)).toBeGreaterThan(0);
});

test("operations over a WebSocket and server-sent events cost what requests cost", async () => {
  const key = await (await server.current.newApp()).key();
  await limit(key, { key: { requestsPerSecond: 1, requestBurst: 25 } });
  const connection = Connection.of(key);
  await connection.opened;
  const ends = await Promise.all(
    Array.from({ length: 60 }, () =>
      connection
        .read(`mutation { createSession(input: {}) { session { id } } }`)
        .all()
        .then(
          (results) => results[0]?.errors?.[0]?.extensions.code,
          (error: unknown) => String(error),
        ),
    ),
  );
  connection.close();
  const refused = ends.filter((end) => end?.includes("RATE_LIMITED"));
  expect(refused.length).toBeGreaterThanOrEqual(60 - 26);
  const { status, text } = await overSse(key, `mutation { createSession(input: {}) { session { id } } }`);
  expect([status === 429, text.includes("RATE_LIMITED")]).toContain(true);
});

test("a limit that is reached is answered 429 with Retry-After where no field was answered", async () => {
  const app = await server.current.newApp();
  const [key, agentId] = [await app.key(), await app.agent()];
  await server.current.admin.data(
    `mutation ($id: ID!) { updateApp(input: { id: $id, limits: { tokensPerDay: 0 } }) { app { id } } }`,
    { id: app.id },
  );
  const refused = await key.send(executeAgent, { input: { agentId, text: "hello" } });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  const { body } = refused as { body: GraphQLAnswer };
  expect(body.errors?.[0]?.extensions).toMatchObject({ code: "LIMIT_REACHED", limit: "tokensPerDay", max: 0, used: 0 });
});
