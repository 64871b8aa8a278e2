import { once } from "node:events";
import { connect } from "node:net";
import { assertDisclosesNothing, maxHoldMs, useAttackedServer } from "../support/attack";
import { bodyOf, field, file, multipart } from "../support/multipart-body";
import { type RawAnswer, sendRaw } from "../support/raw";
import { RawSocket } from "../support/streams";
import type { KeyHolder } from "../support/test-app";

const allowed = "https://app.example.com";
const server = useAttackedServer({ CORS_ORIGINS: allowed });

let key: KeyHolder;
beforeAll(async () => {
  key = await (await server.current.newApp()).key();
});

const json = { "content-type": "application/json" };
const createAgent = `mutation { createAgent(input: { name: "by attack" }) { agent { id } } }`;
const viewer = JSON.stringify({ query: `{ viewer { kind } }` });
const holder = () => ({ "x-api-key": key.secret });

/** The bound of one hold; the measure is processor time, of which a busy machine adds some. */
const heldBriefly = (longestHoldMs: number) => expect(longestHoldMs).toBeLessThan(2 * maxHoldMs);

/** Sends this many requests, and expects each answer to disclose nothing, and the server to work on. */
async function attack(count: number, send: (i: number) => Promise<RawAnswer>, expected: readonly number[]) {
  const { result, longestHoldMs } = await server.current.observe(async () => {
    const answers: RawAnswer[] = [];
    for (let i = 0; i < count; i++) answers.push(await send(i));
    return answers;
  });
  for (const answer of result) {
    assertDisclosesNothing(answer);
    expect(expected).toContain(answer.status);
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  }
  heldBriefly(longestHoldMs);
  return result;
}

afterEach(async () => {
  expect(await key.data(`{ agents { totalCount } }`)).toEqual({ agents: { totalCount: 0 } });
});

test("a mutation by HEAD, at the API and at its stream, is not executed", async () => {
  const search = `?${new URLSearchParams({ query: createAgent }).toString()}`;
  const paths = [search, `/stream${search}`];
  const accept = ["*/*", "text/event-stream"];
  const send = (i: number) =>
    sendRaw(key.url + (paths[i % 2] ?? ""), { method: "HEAD", headers: { ...holder(), accept: accept[i >> 1] } });
  await attack(4, send, [405]);
});

test("a method that the API does not have executes nothing", async () => {
  const methods = ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY", "OPTIONS"];
  const body = JSON.stringify({ query: createAgent });
  const send = (i: number) =>
    sendRaw(key.url, {
      method: methods[i] ?? "PUT",
      headers: { ...json, ...holder(), "content-length": String(body.length) },
      body,
    });
  await attack(methods.length, send, [204, 400, 404]);
});

test("a mutation by GET is not executed, whatever the request says of its method", async () => {
  const search = `?${new URLSearchParams({ query: createAgent }).toString()}`;
  const overrides = ["x-http-method-override", "x-http-method", "x-method-override"];
  const send = (i: number) =>
    sendRaw(key.url + search, { method: "GET", headers: { ...holder(), [overrides[i] ?? ""]: "POST" } });
  await attack(overrides.length, send, [405]);
});

test("a mutation whose client accepts no answer is not executed", async () => {
  const accepts = ["text/html", "application/json;q=0", "image/*", `${"a/b,".repeat(3_000)}a/b`, ";;;,,,q=q"];
  const body = JSON.stringify({ query: createAgent });
  const send = (i: number) => sendRaw(key.url, { headers: { ...json, ...holder(), accept: accepts[i] }, body });
  await attack(accepts.length, send, [406]);
});

test("a header `accept` of 15 kB is read in linear time", async () => {
  const accept = `${"*/*;q=0.1;a=b;c=d, ".repeat(800)}application/json`;
  const send = () => sendRaw(key.url, { headers: { ...json, ...holder(), accept }, body: viewer });
  await attack(50, send, [200]);
});

test("a page of a foreign origin is granted nothing, however it writes its origin", async () => {
  const origins = [
    "https://app.example.com.evil.example",
    "https://evil.example/https://app.example.com",
    "https://app.example.com:8443",
    "http://app.example.com",
    "null",
    "https://app.example.com, https://evil.example",
    "*",
    "x".repeat(10_000),
  ];
  const send = (i: number) =>
    sendRaw(key.url, {
      method: "OPTIONS",
      headers: { origin: origins[i], "access-control-request-method": "POST" },
    });
  const answers = await attack(origins.length, send, [204]);
  for (const { headers } of answers) expect(headers["access-control-allow-origin"]).toBeUndefined();
});

test("a preflight request with a secret and an operation executes nothing, and needs no answer of the database", async () => {
  const body = JSON.stringify({ query: createAgent });
  const length = { "content-length": String(Buffer.byteLength(body)) };
  const headers = { ...json, ...holder(), ...length, origin: allowed, "access-control-request-method": "POST" };
  await attack(1, () => sendRaw(key.url, { method: "OPTIONS", headers, body }), [204]);
});

test("a WebSocket of a foreign page is refused before its credential is looked at", async () => {
  for (const origin of ["https://evil.example", "null", "https://app.example.com.evil.example", "garbage"]) {
    const socket = new RawSocket(key.url, { origin, "x-api-key": key.secret });
    await socket.closed;
    expect(socket.refusal).toBe(403);
  }
});

test("two credentials are refused in every combination, never the stronger of the two", async () => {
  const admin = `Bearer ${server.current.adminKey}`;
  const bearer = `Bearer ${key.secret}`;
  const { secret: other } = await (await server.current.newApp()).key();
  const pairs: Record<string, string | string[]>[] = [
    { "x-api-key": key.secret, authorization: admin },
    { "x-api-key": other, authorization: bearer },
    { authorization: [bearer, admin] },
    { authorization: [bearer, `Bearer ${other}`] },
    { "x-api-key": [key.secret, other] },
    { authorization: `${bearer}, ${admin}` },
    { authorization: `${bearer} ${server.current.adminKey}` },
    { "x-api-key": `${key.secret},${other}` },
  ];
  const send = (i: number) => sendRaw(key.url, { headers: { ...json, ...pairs[i] }, body: viewer });
  await attack(pairs.length, send, [401]);
});

test("guessing in the wrong header discloses nothing: the right key gets the same answer as any other", async () => {
  const guesses = [server.current.adminKey, `${server.current.adminKey}x`, "wrong", "x".repeat(5_000)];
  const send = (i: number) => sendRaw(key.url, { headers: { ...json, "x-api-key": guesses[i] }, body: viewer });
  const answers = await attack(guesses.length, send, [401]);
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
});

test("a request id that would forge a line of the log, or a header, is replaced", async () => {
  const ids = [`{"level":"error"}`, "a b", "<script>", "x".repeat(10_000), "é", "a;b", "..\\..", "%0d%0aset-cookie"];
  const send = (i: number) =>
    sendRaw(key.url, {
      headers: { ...json, ...holder(), "x-request-id": Buffer.from(ids[i] ?? "").toString("latin1") },
      body: viewer,
    });
  const answers = await attack(ids.length, send, [200]);
  for (const { headers } of answers) expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
});

test("what is no HTTP request is answered in our words, and the connection is closed", async () => {
  const { port } = new URL(key.url);
  const requests = [
    "\0\x01\x02\x03\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    `GET /${"a".repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /",
    "POST /graphql HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: a\r\nx: a\nb: c\r\n\x7f: d\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  ];
  const { longestHoldMs } = await server.current.observe(async () => {
    for (const request of requests) {
      const socket = connect(Number(port), "127.0.0.1");
      let text = "";
      socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      socket.on("error", () => undefined);
      socket.end(Buffer.from(request, "latin1"));
      await once(socket, "close");
      assertDisclosesNothing({ text });
      if (text !== "") expect(text).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
  });
  heldBriefly(longestHoldMs);
});

test("a path in any form answers with 404, and is not repeated", async () => {
  const { origin } = new URL(key.url);
  const paths = ["/%00", "/..%2f..%2fetc/passwd", "/%c0%ae%c0%ae/", "/graphql;a=b", `/${"a".repeat(8_000)}`, "/%zz"];
  const send = (i: number) => sendRaw(origin + (paths[i] ?? ""), { method: "GET", headers: holder() });
  for (const { text } of await attack(paths.length, send, [404])) {
    expect(text).not.toContain("passwd");
    expect(text.length).toBeLessThan(300);
  }
});

test("an upload with the key as a bearer token, but a body that is wrong, leaves nothing", async () => {
  const operations = { query: createAgent, variables: { file: null } };
  const bodies = [
    bodyOf([field("operations", operations), field("map", { 0: ["variables.constructor.prototype"] }), file("0", 10)]),
    bodyOf([field("map", { 0: ["variables.file"] }), field("operations", operations), file("0", 10)]),
    bodyOf([field("operations", "x".repeat(1_200_000))]),
    Buffer.from("--b\r\n\r\n\r\n--b--"),
  ];
  const send = (i: number) =>
    sendRaw(key.url, {
      headers: { "content-type": multipart, authorization: `Bearer ${key.secret}` },
      body: bodies[i] ?? "",
    });
  await attack(bodies.length, send, [400, 413]);
});
