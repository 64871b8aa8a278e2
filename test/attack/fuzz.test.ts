import { Agent, request } from "node:http";
import fc from "fast-check";
import WebSocket from "ws";
import { assertDisclosesNothing, type AttackedServer, maxHoldMs, useAttackedServer } from "../support/attack";
import { bodyOf, field, file, multipart } from "../support/multipart-body";
import type { KeyHolder } from "../support/test-app";

const server = useAttackedServer();
const seed = Number(process.env["TEST_SEED"] ?? Date.now() % 2 ** 31);
const messages = 10_000;
const concurrency = 8;
/** No answer may take longer, on a busy machine. */
const hangMs = 20_000;
/** Caches may take up this much when they fill for the first time. */
const maxKeptBytes = 40_000_000;

beforeAll(() => console.info(`TEST_SEED=${seed}`));

/** Fragments that break parsers: of JSON, of GraphQL, of Unicode, of numbers, of prototypes. */
const snippets = [
  ...[
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    ":",
    ",",
    "null",
    "true",
    "\\u0000",
    "\\ud800",
    "\0",
    "\xff",
    "\xc3\x28",
    "\ufeff",
  ],
  ...[
    "1e999",
    "-0",
    "9".repeat(400),
    "1.5",
    "-1",
    "NaN",
    "0x10",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
  ],
  ...[
    "{ ".repeat(60),
    "[".repeat(900),
    '{"a":'.repeat(300),
    "(",
    ")",
    "$",
    "$input",
    "...",
    "...F",
    "@include(if: $x)",
  ],
  ...[
    "@skip",
    "#",
    "query",
    "mutation",
    "subscription",
    "fragment F on Query { viewer { __typename } }",
    '"""',
    "😀",
    " ",
  ],
  ...["2026-13-45", "\u202e", "../../etc/passwd", "' OR 1=1 --", "`", "${1}", "%00", "\n", "\t"],
];

const edits = (length: number) =>
  fc.array(fc.record({ at: fc.nat(length), removed: fc.nat(16), inserted: fc.constantFrom(...snippets) }), {
    minLength: 1,
    maxLength: 4,
  });

/** @returns the message with random edits; each call continues the sequence of the seed */
function mutations(valid: readonly Buffer[]): Buffer[] {
  const source = fc.constantFrom(...valid).chain((body) => edits(body.length).map((list) => ({ body, list })));
  return fc
    .sample(source, { numRuns: messages, seed })
    .map(({ body, list }) =>
      list.reduce(
        (text, { at, removed, inserted }) =>
          Buffer.concat([text.subarray(0, at), Buffer.from(inserted), text.subarray(at + removed)]),
        body,
      ),
    );
}

const operations = (ids: { sessionId: string; agentId: string }) =>
  [
    { query: "{ viewer { __typename ... on ApiKeyViewer { app { id name } } } }" },
    {
      query: `query Q($first: Int = 5, $after: String) { agents(first: $first, after: $after) { nodes { ...F } totalCount } }
        fragment F on Agent { id name model limits: updatedAt }`,
      variables: { first: 3, after: null },
      operationName: "Q",
    },
    {
      query: `mutation ($input: UpdateAgentInput!) { updateAgent(input: $input) { agent { id version } } }`,
      variables: { input: { id: ids.agentId, description: "A barn.", instructions: "Be short." } },
    },
    {
      query: `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id status output } } }`,
      variables: { input: { agentId: ids.agentId, text: "What colour?", session: { id: ids.sessionId }, waitMs: 0 } },
    },
    {
      query: `query ($id: ID!) { session(id: $id) { id metadata runs(first: 2) { nodes { id } } } }`,
      variables: { id: ids.sessionId },
      extensions: { persistedQuery: { version: 1, sha256Hash: "00" } },
    },
  ].map((operation) => Buffer.from(JSON.stringify(operation)));

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Sends bodies over a few connections that stay open, and gathers what is wrong with the answers. */
async function sendAll(
  { url }: AttackedServer,
  bodies: readonly Buffer[],
  headers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const faults: string[] = [];
  const remaining = bodies.entries();
  const send = (body: Buffer) =>
    new Promise<Answer>((resolve, reject) => {
      const outgoing = request(url, { method: "POST", agent, headers, timeout: hangMs }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () =>
          resolve({ status: Number(incoming.statusCode), text: Buffer.concat(chunks).toString() }),
        );
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
      // The server may close a connection after a body that it did not read to its end.
      outgoing.on("error", (error: NodeJS.ErrnoException) =>
        ["ECONNRESET", "EPIPE"].includes(error.code ?? "") ? resolve({ status: 400, text: "{}" }) : reject(error),
      );
      outgoing.end(body);
    });
  const worker = async () => {
    for (const [index, body] of remaining) {
      const answer = await send(body).catch((error: unknown) => ({ status: 599, text: String(error) }));
      if (answer.status >= 500 || !isJson(answer.text)) faults.push(`${index}: ${answer.status} ${answer.text}`);
      assertDisclosesNothing(answer);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return faults;
}

/** Sends a message, and waits until the server has read it, which it says by the pong, or has closed the connection. */
async function delivered(socket: WebSocket, message: string, closed: Promise<unknown>): Promise<void> {
  const read = new Promise((resolve) => socket.once("pong", resolve));
  socket.send(message);
  socket.ping();
  await Promise.race([read, closed]);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function setUp(): Promise<{ key: KeyHolder; sessionId: string; agentId: string }> {
  const app = await server.current.newApp();
  return { key: await app.key(), sessionId: await app.session(), agentId: await app.agent() };
}

test("10,000 mutated JSON bodies are answered without a server error, a crash or a hang", async () => {
  const { key, ...ids } = await setUp();
  const headers = { "content-type": "application/json", "x-api-key": key.secret };
  const report = await server.current.observe(() => sendAll(server.current, mutations(operations(ids)), headers));
  expect(report.result).toEqual([]);
  expect(report.longestHoldMs).toBeLessThan(maxHoldMs);
  expect(report.keptBytes).toBeLessThan(maxKeptBytes);
}, 300_000);

test("10,000 mutated multipart bodies are answered without a server error, a crash or a hang", async () => {
  const { key, sessionId } = await setUp();
  const query = `mutation ($input: UploadDocumentInput!) { uploadDocument(input: $input) { document { id } } }`;
  // The session does not exist, so that bodies that stay valid leave no documents to be processed.
  const operation = (id: string) => ({ query, variables: { input: { sessionId: id, file: null } } });
  const parts = (id: string, map: object) => [
    field("operations", operation(id)),
    field("map", map),
    file("file", "The barn is red."),
  ];
  const bodies = [
    bodyOf(parts("00000000-0000-7000-8000-000000000000", { file: ["variables.input.file"] })),
    bodyOf(parts(sessionId, { other: ["variables.input.file"] })),
    bodyOf([field("operations", operation(sessionId)), file("file", 10)]),
  ];
  const headers = { "content-type": multipart, "x-api-key": key.secret, "apollo-require-preflight": "1" };
  const report = await server.current.observe(() => sendAll(server.current, mutations(bodies), headers));
  expect(report.result).toEqual([]);
  expect(report.longestHoldMs).toBeLessThan(maxHoldMs);
  expect(report.keptBytes).toBeLessThan(maxKeptBytes);
}, 300_000);

test("10,000 mutated WebSocket messages are answered or end their connection, without a crash or a hang", async () => {
  const { key, ...ids } = await setUp();
  const valid = [
    { type: "connection_init", payload: { "x-api-key": key.secret } },
    { type: "ping", payload: { a: 1 } },
    { type: "pong" },
    { type: "complete", id: "1" },
    ...operations(ids).map((payload) => ({
      type: "subscribe",
      id: "1",
      payload: JSON.parse(payload.toString()) as object,
    })),
    { type: "subscribe", id: "2", payload: { query: `subscription { runEvents(runId: "${ids.agentId}") { index } }` } },
  ].map((message) => Buffer.from(JSON.stringify(message)));
  const remaining = mutations(valid).values();

  /** Sends messages over connections, a new one when the server has closed the one before. @returns the close codes */
  const worker = async (): Promise<number[]> => {
    const codes: number[] = [];
    for (let isDone = false; !isDone;) {
      const socket = new WebSocket(server.current.url.replace("http", "ws"), "graphql-transport-ws", {
        headers: { "x-api-key": key.secret },
      });
      const closed = new Promise<number>((resolve) => {
        socket.on("close", resolve).on("error", () => undefined);
      });
      socket.on("message", (data: Buffer) => assertDisclosesNothing({ text: data.toString() }));
      await new Promise((resolve) => socket.on("open", resolve).on("close", resolve));
      socket.send(JSON.stringify({ type: "connection_init" }));
      // The server reads nothing else before its acknowledgement.
      await new Promise((resolve) => socket.once("message", resolve).once("close", resolve));
      while (socket.readyState === WebSocket.OPEN) {
        const next = remaining.next();
        isDone = next.done === true;
        if (isDone) socket.close(1000);
        else await delivered(socket, next.value?.toString() ?? "", closed);
      }
      codes.push(await closed);
    }
    return codes;
  };
  const report = await server.current.observe(() => Promise.all(Array.from({ length: concurrency }, worker)));
  const codes = new Set(report.result.flat());
  for (const code of codes) expect([1000, 1007, 1009, 4400, 4401, 4403, 4409, 4429]).toContain(code);
  expect(codes).toContain(4400);
  expect(report.longestHoldMs).toBeLessThan(maxHoldMs);
  expect(report.keptBytes).toBeLessThan(maxKeptBytes);
}, 300_000);
