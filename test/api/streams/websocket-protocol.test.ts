import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { adminKey, useServer } from "../../support/server";
import { Connection, RawSocket } from "../../support/streams";

const server = useServer({ MAX_BODY_BYTES: "10000" });

const viewer = `{ viewer { kind } }`;
/** An operation that is open until the database has answered. */
const slow = `subscription { runEvents(runId: "none") { index } }`;
const init = (payload?: object) => ({ type: "connection_init", payload });
const subscribe = (id: string, query: string, variables?: object) => ({
  type: "subscribe",
  id,
  payload: { query, variables },
});
const admin = { authorization: `Bearer ${adminKey}` };

test.each<[name: string, code: number, messages: unknown[]]>([
  ["sends an operation before connection_init", 4401, [subscribe("1", viewer)]],
  ["sends connection_init twice", 4429, [init(admin), init(admin)]],
  ["uses the id of an open operation again", 4409, [init(admin), subscribe("1", slow), subscribe("1", slow)]],
  ["sends an invalid message", 4400, [init(admin), "what?"]],
  ["sends a message of an unknown type", 4400, [{ type: "shout" }]],
  ["sends an operation without a query", 4400, [init(admin), { type: "subscribe", id: "1", payload: {} }]],
  ["sends a message that is too large", 1009, [init(admin), subscribe("1", `${viewer} # ${"x".repeat(10_000)}`)]],
  ["sends nothing", 4408, []],
  ["sends a message that only a server may send", 4400, [init(admin), { type: "next", id: "1", payload: {} }]],
])("a client that %s is disconnected with the code %d", async (_, code, messages) => {
  const socket = new RawSocket(server.current.url);
  // The first message must be answered before the others are sent.
  await socket.say(...messages.slice(0, 1));
  if (messages.length > 1) await socket.until(1);
  await socket.say(...messages.slice(1));
  expect((await socket.closed).code).toBe(code);
});

test("a client must offer the supported subprotocol, alone or among others", async () => {
  expect((await new RawSocket(server.current.url, {}, []).closed).code).toBe(4406);
  const withTwo = new RawSocket(server.current.url, admin, ["graphql-ws", "graphql-transport-ws"]);
  await withTwo.say(init());
  await withTwo.until(1);
  expect(withTwo.heard).toEqual([{ type: "connection_ack" }]);
  withTwo.terminate();
});

test.each([
  ["text that is not UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe], 1007],
  ["a frame that is not masked", [0x81, 0x01, 0x78], 1002],
  ["a reserved opcode", [0x83, 0x80, 0, 0, 0, 0], 1002],
  ["a length of 8 exabytes", [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], 1009],
])("a client that sends %s is disconnected", async (_, bytes, code) => {
  const socket = new RawSocket(server.current.url);
  await socket.write(Buffer.from(bytes));
  expect((await socket.closed).code).toBe(code);
});

test("random messages of a client do not affect other clients", async () => {
  const message = fc.oneof(
    fc.json(),
    fc.string(),
    fc.record({ type: fc.constantFrom("connection_init", "ping", "pong", "complete"), payload: fc.anything() }),
    fc.record({ type: fc.constantFrom("subscribe", "next", "error"), id: fc.string(), payload: fc.anything() }),
    fc
      .record({ query: fc.string(), variables: fc.object() })
      .map(({ query, variables }) => subscribe("1", query, variables)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 5 }), fc.boolean(), async (messages, isBinary) => {
      const socket = new RawSocket(server.current.url, admin);
      await socket.say(init());
      for (const each of messages)
        socket.send(typeof each === "string" ? each : JSON.stringify(each), { binary: isBinary });
      await delay(1);
      socket.terminate();
      await socket.closed;
    }),
    { numRuns: 150 },
  );
  const connection = Connection.of(server.current.admin);
  await connection.read(viewer).all();
  connection.close();
});

test("an upgrade of another path or to another protocol is refused, and its socket is closed", async () => {
  const { port } = new URL(server.current.url);
  for (const [path, upgrade, status] of [
    ["/elsewhere", "websocket", 404],
    ["/graphql/stream", "websocket", 404],
    ["/graphql", "h2c", 400],
  ] as const) {
    const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ${upgrade}\r\n\r\n`);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    await once(socket, "end");
    expect(Buffer.concat(chunks).toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    // Writing to a socket that the server has destroyed closes this end; one that it still held would accept the bytes.
    socket.on("error", () => undefined);
    const writing = setInterval(() => socket.write("x"), 10);
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(writing);
  }
});
