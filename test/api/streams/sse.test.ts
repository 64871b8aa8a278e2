import { request as httpRequest } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { Authenticator } from "../../../src/domain/api-key/authenticator";
import { type Client } from "../../support/client";
import { useServer } from "../../support/server";
import { asksForHolders, statementsOf } from "../../support/statements";
import { transports } from "../../support/streams";
import { TestModel } from "../../support/test-model";
import { timingsWithoutPolling } from "../../support/timings";

const model = new TestModel();
const server = useServer({}, { "test:model": model }, undefined, timingsWithoutPolling);
afterEach(() => {
  model.release();
  jest.restoreAllMocks();
});

const viewer = `{ viewer { kind } }`;
const revoke = `mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { status } } }`;
const events = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

/** Sends a request for a stream, and reads the response to its end. */
async function send({ url, credential }: Client, search: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${url}/stream${search}`, {
    ...init,
    headers: { accept: "text/event-stream", ...(credential && { [credential[0]]: credential[1] }), ...init.headers },
  });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

const post = (client: Client, body: unknown, headers: Record<string, string> = {}) =>
  send(client, "", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const get = (client: Client, parameters: Record<string, string>) =>
  send(client, `?${new URLSearchParams(parameters).toString()}`);

const codesIn = ({ text }: Answer): unknown =>
  (JSON.parse(text) as { errors: { extensions: { code: string } }[] }).errors.map(({ extensions }) => extensions.code);

test("an operation is answered with server-sent events in the format of the protocol, by POST and by GET", async () => {
  const expected = {
    status: 200,
    type: "text/event-stream; charset=utf-8",
    text: ':\n\nevent: next\ndata: {"data":{"viewer":{"kind":"ADMIN"}}}\n\nevent: complete\ndata:\n\n',
  };
  expect(await post(server.current.admin, { query: viewer })).toEqual(expected);
  expect(await get(server.current.admin, { query: viewer })).toEqual(expected);
  const withVariables = {
    query: `query ($if: Boolean!) { viewer { kind @include(if: $if) } }`,
    variables: '{"if":true}',
  };
  expect(await get(server.current.admin, withVariables)).toEqual(expected);
});

test("a request without a valid credential gets 401, and a credential in the URL does not count", async () => {
  const { secret } = await (await server.current.newApp()).key();
  for (const client of [server.current.anonymous, server.current.withKey("wrong"), server.current.withKey("")]) {
    const answer = await post(client, { query: "{ not GraphQL" });
    expect([answer.status, codesIn(answer)]).toEqual([401, ["UNAUTHENTICATED"]]);
  }
  const answer = await get(server.current.anonymous, { query: viewer, "x-api-key": secret, token: secret });
  expect(answer.status).toBe(401);
});

test("an operation is denied as a whole, with 403 and one error for each field that the scope does not allow", async () => {
  const key = await (await server.current.newApp()).key({ runtime: ["SESSION_VIEW"] });
  const query = `subscription { mine: runEvents(runId: "x") { ... on RunFinished { run { agent { name } } } } }`;
  const answer = await post(key, { query });
  expect([answer.status, answer.type]).toEqual([403, "application/json; charset=utf-8"]);
  const granted = { agents: "NONE", runtime: ["SESSION_VIEW"] };
  expect(JSON.parse(answer.text)).toEqual({
    errors: [
      { message: expect.any(String), path: ["mine"], extensions: { code: "FORBIDDEN", required: "RUN", granted } },
      {
        message: expect.any(String),
        path: ["mine", "run", "agent"],
        extensions: { code: "FORBIDDEN", required: "VIEW", granted },
      },
    ],
  });
});

test("an invalid request is refused with an error that does not repeat its values", async () => {
  const { admin } = server.current;
  const badInput = [400, ["BAD_USER_INPUT"]];
  const refused = async (answer: Promise<Answer>) => [(await answer).status, codesIn(await answer)];

  expect(await refused(post(admin, { query: "{ viewer {" }))).toEqual([400, ["GRAPHQL_PARSE_FAILED"]]);
  expect(await refused(post(admin, { query: "{ nothing }" }))).toEqual([400, ["GRAPHQL_VALIDATION_FAILED"]]);
  for (const body of [{}, [], "5", "null", { query: 5 }, { query: viewer, variables: [] }, "{", ""]) {
    expect([body, await refused(post(admin, body))]).toEqual([body, badInput]);
  }
  expect(await refused(get(admin, {}))).toEqual(badInput);
  expect(await refused(get(admin, { query: viewer, variables: "{" }))).toEqual(badInput);
  expect(await refused(send(admin, "?query=%7B&query=%7B"))).toEqual(badInput);

  const variables = { runId: { text: "swordfish" } };
  const answer = await post(admin, { query: events, variables });
  expect([answer.status, codesIn(answer)]).toEqual(badInput);
  expect(answer.text).not.toContain("swordfish");

  const types = { "content-type": "multipart/form-data; boundary=x" };
  expect(await refused(post(admin, "--x--", types))).toEqual([415, ["UNSUPPORTED_MEDIA_TYPE"]]);
  expect(await refused(post(admin, { query: viewer }, { accept: "application/json" }))).toEqual([
    406,
    ["BAD_USER_INPUT"],
  ]);
});

test.each([
  ["text/event-stream"],
  ["text/event-stream; charset=utf-8"],
  ["application/json, text/event-stream;q=0.5"],
  ["TEXT/Event-Stream"],
  ["text/*"],
  ["*/*"],
  ["application/json;q=0.9, */*;q=0.1"],
])("a request that accepts %s gets server-sent events", async (accept) => {
  const answer = await post(server.current.admin, { query: viewer }, { accept });
  expect([answer.status, answer.type]).toEqual([200, "text/event-stream; charset=utf-8"]);
});

test.each([
  ["application/json"],
  ["text/html"],
  ["text/event-stream;q=0"],
  ["*/*, text/event-stream;q=0"],
  ["nonsense"],
])("a request that accepts %s is refused with 406", async (accept) => {
  const answer = await post(server.current.admin, { query: viewer }, { accept });
  expect([answer.status, codesIn(answer)]).toEqual([406, ["BAD_USER_INPUT"]]);
});

test("a mutation by GET is refused, and changes nothing", async () => {
  const key = await (await server.current.newApp()).key({ agents: "FULL" });
  const answer = await get(key, { query: `mutation { createAgent(input: { name: "Ada" }) { agent { id } } }` });
  expect([answer.status, codesIn(answer)]).toEqual([405, ["BAD_USER_INPUT"]]);
  expect(await key.data(`{ agents { totalCount } }`)).toEqual({ agents: { totalCount: 0 } });
});

test("a key that is revoked while its operation is being received opens no stream", async () => {
  const app = await server.current.newApp();
  const { id: runId } = await app.run({ agentId: await app.agent() });
  const key = await app.key({ runtime: ["RUN"] });
  const body = JSON.stringify({ query: events, variables: { runId } });
  const authenticate = jest.spyOn(Authenticator.prototype, "authenticate");

  const request = httpRequest(`${key.url}/stream`, {
    method: "POST",
    headers: { "x-api-key": key.secret, accept: "text/event-stream", "content-type": "application/json" },
  });
  const answered = new Promise<string>((resolve, reject) => {
    request.on("error", reject).on("response", (response) => {
      let text = String(response.statusCode);
      response.on("data", (chunk: Buffer) => (text += chunk.toString())).on("end", () => resolve(text));
    });
  });
  request.write(body.slice(0, 10));
  while (!authenticate.mock.calls.some(([{ secret }]) => secret === key.secret)) await delay(1);
  await server.current.admin.data(revoke, { id: key.keyId });
  request.end(body.slice(10));

  expect(await answered).toMatch(/^401.*"reason":"KEY_REVOKED"/);
});

test("a disconnected client is removed from the live connections, whether it read its events or not", async () => {
  const app = await server.current.newApp();
  const runId = (await app.run({ agentId: await app.agent({ model: "test:model" }), text: "hold", waitMs: 0 })).id;
  const key = await app.key({ runtime: ["RUN"] });
  for (let i = 0; i < 5; i++) {
    const reader = transports["server-sent events"](key, events, { runId });
    await reader.until(1);
    await reader.leave();
  }
  await post(key, { query: viewer });
  await post(key, { query: "{ nothing }" });
  await delay(50);

  const statements = await statementsOf(() => server.current.admin.data(revoke, { id: key.keyId }));
  expect(statements.filter(asksForHolders)).toEqual([]);
});
