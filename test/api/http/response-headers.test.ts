import { once } from "node:events";
import { connect } from "node:net";
import { type RawAnswer, sendRaw } from "../../support/raw";
import { adminKey, useServer } from "../../support/server";
import type { KeyHolder } from "../../support/test-app";

const server = useServer();

const graphqlResponse = "application/graphql-response+json";
const json = { "content-type": "application/json" };
const admin = { authorization: `Bearer ${adminKey}` };
const viewer = JSON.stringify({ query: `{ viewer { kind } }` });

let key: KeyHolder;
beforeAll(async () => {
  key = await (await server.current.newApp()).key({ agents: "FULL" });
});

/** One response of each kind that the API has, in this order. */
async function responses(accept: string): Promise<[expected: number, answer: RawAnswer][]> {
  const { url } = server.current;
  const { origin } = new URL(url);
  const post = (body: string | Buffer, headers = {}, path = "/graphql") =>
    sendRaw(`${origin}${path}`, { headers: { ...admin, ...json, accept, ...headers }, body });
  const large = JSON.stringify({ query: `{ viewer { kind } } #${"x".repeat(1_000_000)}` });
  const form = { "content-type": "multipart/form-data; boundary=cut" };
  const sse = "/graphql/stream";
  const stream = { accept: `text/event-stream, ${accept}` };
  return [
    [200, await post(viewer)],
    [401, await post(viewer, { authorization: "" })],
    [401, await post(viewer, { authorization: "Bearer wrong" })],
    [403, await post(JSON.stringify({ query: `{ apps { totalCount } }` }), { ...keyOf(key), authorization: [] })],
    [400, await post("no JSON")],
    [400, await post("{}")],
    [400, await post("--cut--", form)],
    [400, await post(viewer, { host: "[" })],
    [404, await post(viewer, {}, "/elsewhere")],
    [404, await sendRaw(`${origin}/%zz`, { method: "GET", headers: { accept } })],
    [405, await sendRaw(`${url}?query=mutation{__typename}`, { method: "GET", headers: { ...admin, accept } })],
    [413, await post(large)],
    [415, await post(viewer, { "content-type": "text/csv" })],
    [401, await post(viewer, { ...stream, authorization: "" }, sse)],
    ...(accept === "*/*" ? [] : [[406, await post(viewer, {}, sse)] as [number, RawAnswer]]),
  ];
}

const keyOf = ({ secret }: KeyHolder) => ({ "x-api-key": secret });

test.each([
  [graphqlResponse, `${graphqlResponse}; charset=utf-8`],
  [`${graphqlResponse}, application/json;q=0.9`, `${graphqlResponse}; charset=utf-8`],
  [`application/json;q=0.5, ${graphqlResponse}`, `${graphqlResponse}; charset=utf-8`],
  ["application/json", "application/json; charset=utf-8"],
  [`application/json, ${graphqlResponse};q=0.1`, "application/json; charset=utf-8"],
  ["*/*", "application/json; charset=utf-8"],
])("a client that accepts %s gets every response and every error as that", async (accept, expected) => {
  for (const [status, answer] of await responses(accept)) {
    expect([answer.status, answer.headers["content-type"]]).toEqual([status, expected]);
    expect(Object.keys(JSON.parse(answer.text) as object)).toEqual([status === 200 ? "data" : "errors"]);
  }
});

test("every response is neither stored nor sniffed, and says what it depends on", async () => {
  const { url } = server.current;
  const { origin } = new URL(url);
  const get = (path: string, headers = {}) => sendRaw(`${origin}${path}`, { method: "GET", headers });
  const all = [
    ...(await responses("*/*")).map(([, answer]) => answer),
    await get("/"),
    await get("/healthz"),
    await get("/readyz"),
    await get("/graphql", { accept: "text/html" }),
    await get("/documents/none"),
    await sendRaw(url, { method: "HEAD" }),
    await sendRaw(url, { method: "OPTIONS" }),
    await sendRaw(`${url}/stream`, { headers: { ...admin, ...json, accept: "text/event-stream" }, body: viewer }),
  ];
  for (const { headers } of all) {
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    const vary = String(headers["vary"]).toLowerCase().split(", ");
    expect(vary).toEqual(expect.arrayContaining(["accept", "authorization", "x-api-key"]));
    expect(headers["strict-transport-security"]).toBeUndefined();
  }
});

test("a client that accepts no response of the API is told so before its mutation is executed", async () => {
  const body = JSON.stringify({ query: `mutation { createAgent(input: { name: "unseen" }) { agent { id } } }` });
  for (const accept of ["text/html", "text/event-stream", "application/json;q=0", "multipart/mixed", "nonsense"]) {
    const answer = await sendRaw(key.url, { headers: { ...json, ...keyOf(key), accept }, body });
    expect([answer.status, JSON.parse(answer.text).errors[0].extensions.code]).toEqual([406, "BAD_USER_INPUT"]);
  }
  expect(await key.data(`{ agents { totalCount } }`)).toEqual({ agents: { totalCount: 0 } });
});

describe("HEAD", () => {
  test("executes nothing, neither at the API nor at its stream", async () => {
    const query = `mutation { createAgent(input: { name: "by HEAD" }) { agent { id } } }`;
    for (const path of ["", "/stream"]) {
      for (const accept of ["*/*", "text/event-stream", "text/html"]) {
        for (const each of [query, `{ viewer { kind } }`, `subscription { runEvents(runId: "x") { index } }`]) {
          const answer = await sendRaw(`${key.url}${path}?${new URLSearchParams({ query: each }).toString()}`, {
            method: "HEAD",
            headers: { ...keyOf(key), accept, "apollo-require-preflight": "1" },
          });
          expect([answer.status, answer.headers["allow"], answer.text]).toEqual([405, "GET, POST", ""]);
        }
      }
    }
    expect(await key.data(`{ agents { totalCount } }`)).toEqual({ agents: { totalCount: 0 } });
  });

  test("tells the health, without a body", async () => {
    const { origin } = new URL(server.current.url);
    for (const path of ["/healthz", "/readyz"]) {
      const { status, text } = await sendRaw(`${origin}${path}`, { method: "HEAD" });
      expect([status, text]).toEqual([200, ""]);
    }
    expect((await sendRaw(`${origin}/elsewhere`, { method: "HEAD" })).status).toBe(404);
  });
});

test.each([
  ["no HTTP at all", "nonsense\r\n\r\n", 400],
  ["an invalid header", "GET /healthz HTTP/1.1\r\nhost: a\r\nbad header: \x01\r\n\r\n", 400],
  ["two lengths", "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400],
  ["large headers", `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, 431],
])("%s is answered like any other error, and the connection is closed", async (_, bytes, status) => {
  const socket = connect(Number(new URL(server.current.url).port), "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  socket.write(bytes);
  await once(socket, "close");
  const [head = "", body = ""] = text.split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toContain("x-content-type-options: nosniff");
  expect(JSON.parse(body)).toEqual({
    errors: [{ message: expect.any(String), extensions: { code: "BAD_USER_INPUT" } }],
  });
});
