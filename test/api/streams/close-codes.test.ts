import { setTimeout as delay } from "node:timers/promises";
import { CloseCode } from "graphql-ws";
import { eventually, finishRuns } from "../../support/runs";
import { adminKey, TestServer, useServer } from "../../support/server";
import { type Closing, RawSocket } from "../../support/streams";
import { TestModel } from "../../support/test-model";

/**
 * The rules of the GraphQL over WebSocket Protocol
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) on when a server closes a connection, and with which
 * code, and when it must not.
 */
const model = new TestModel();
const server = useServer({ MAX_BODY_BYTES: "10000" }, { "test:model": model });
afterEach(() => finishRuns(server.current, model));

const viewer = "{ viewer { kind } }";
/** An operation that is open until the database has answered. */
const slow = `subscription { runEvents(runId: "none") { index } }`;
const admin = { authorization: `Bearer ${adminKey}` };
const init = (payload?: object) => ({ type: "connection_init", payload });
const subscribe = (id: string, query = viewer, variables?: object) => ({
  type: "subscribe",
  id,
  payload: { query, variables },
});

async function connected(): Promise<RawSocket> {
  const socket = new RawSocket(server.current.url);
  await socket.say(init(admin));
  await socket.until(1);
  expect(socket.heard).toEqual([{ type: "connection_ack" }]);
  return socket;
}

describe("before the acknowledgement", () => {
  test.each<[name: string, code: number, reason: string, messages: unknown[]]>([
    ["text that is not JSON", CloseCode.BadRequest, "Invalid message received", ["what?"]],
    ["a message without a type", CloseCode.BadRequest, "Invalid message received", [{}]],
    ["a message of an unknown type", CloseCode.BadRequest, "Invalid message received", [{ type: "shout" }]],
    [
      "a payload of connection_init that is a text",
      CloseCode.BadRequest,
      "Invalid message received",
      [init("x" as never)],
    ],
    ["a ping", CloseCode.BadRequest, "Invalid message received", [{ type: "ping" }]],
    ["a pong", CloseCode.BadRequest, "Invalid message received", [{ type: "pong" }]],
    ["a complete", CloseCode.BadRequest, "Invalid message received", [{ type: "complete", id: "1" }]],
    ["an operation", CloseCode.Unauthorized, "Unauthorized", [subscribe("1")]],
    ["a connection_init without a credential", CloseCode.Unauthorized, "NO_CREDENTIAL", [init()]],
    [
      "a connection_init with a malformed credential",
      CloseCode.Unauthorized,
      "WRONG_HEADER",
      [init({ "x-api-key": "no" })],
    ],
    [
      "a connection_init with a credential that is not valid",
      CloseCode.Unauthorized,
      "Unauthorized",
      [init({ authorization: "Bearer no" })],
    ],
    [
      "a connection_init that is too large",
      1009,
      "The first message is too big",
      [init({ ...admin, more: "x".repeat(4_096) })],
    ],
    ["nothing for 3 s", CloseCode.ConnectionInitialisationTimeout, "Connection initialisation timeout", []],
  ])("%s closes the connection with %d", async (_, code, reason, messages) => {
    const socket = new RawSocket(server.current.url);
    for (const message of messages) {
      if (typeof message === "string") {
        await socket.say();
        socket.send(message);
      } else await socket.say(message);
    }
    expect(await socket.closed).toEqual({ code, reason } satisfies Closing);
    expect(socket.heard).toEqual([]);
  });

  test("a second connection_init, sent together with the first, closes the connection with 4429", async () => {
    const socket = new RawSocket(server.current.url);
    await socket.say(init(admin), init(admin));
    expect(await socket.closed).toEqual({ code: 4429, reason: "Too many initialisation requests" });
  });

  test("a client that offers no subprotocol is disconnected with 4406", async () => {
    const socket = new RawSocket(server.current.url, admin, []);
    expect(await socket.closed).toEqual({ code: 4406, reason: "Subprotocol not acceptable" });
    expect(socket.heard).toEqual([]);
  });
});

describe("after the acknowledgement", () => {
  test.each<[name: string, code: number, reason: string, messages: unknown[]]>([
    ["a second connection_init", 4429, "Too many initialisation requests", [init(admin)]],
    ["an unknown type", 4400, "Invalid message received", [{ type: "shout" }]],
    ["a message of the server", 4400, "Invalid message received", [{ type: "connection_ack" }]],
    [
      "an operation without an id",
      4400,
      "Invalid message received",
      [{ type: "subscribe", payload: { query: viewer } }],
    ],
    ["an operation with an empty id", 4400, "Invalid message received", [subscribe("")]],
    ["an operation without a payload", 4400, "Invalid message received", [{ type: "subscribe", id: "1" }]],
    ["an id that is too long", 4400, "Invalid message received", [subscribe("x".repeat(257))]],
    ["a complete without an id", 4400, "Invalid message received", [{ type: "complete" }]],
    [
      "the id of an open operation",
      4409,
      "Subscriber for 1 already exists",
      [subscribe("1", slow), subscribe("1", slow)],
    ],
    ["a message over the maximum size", 1009, "", [subscribe("1", `${viewer} # ${"x".repeat(10_000)}`)]],
  ])("%s closes the connection with %d", async (_, code, reason, messages) => {
    const socket = await connected();
    await socket.say(...messages);
    expect(await socket.closed).toEqual({ code, reason } satisfies Closing);
  });

  test("a revoked key closes the connection with 4403 and the reason", async () => {
    const key = await (await server.current.newApp()).key();
    const socket = new RawSocket(server.current.url);
    await socket.say(init({ "x-api-key": key.secret }));
    await socket.until(1);
    await server.current.admin.data(`mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }`, {
      id: key.keyId,
    });
    expect(await socket.closed).toEqual({ code: 4403, reason: "KEY_REVOKED" });
  });

  test("a server that stops closes the connection with 1001, after which clients reconnect", async () => {
    const stopping = await TestServer.start();
    const socket = new RawSocket(stopping.url);
    await socket.say(init(admin));
    await socket.until(1);
    await stopping.stop();
    expect(await socket.closed).toEqual({ code: 1001, reason: "Going away" });
  });

  test("a ping is answered by a pong, without its payload, and a pong by nothing", async () => {
    const socket = await connected();
    await socket.say({ type: "ping" }, { type: "ping", payload: { text: "x" } }, { type: "pong" }, subscribe("1"));
    await eventually(() => socket.heard.some(({ type }) => type === "complete"));
    expect(socket.heard.slice(1)).toEqual([
      { type: "pong" },
      { type: "pong" },
      { type: "next", id: "1", payload: { data: { viewer: { kind: "ADMIN" } } } },
      { type: "complete", id: "1" },
    ]);
    socket.terminate();
  });

  test("an operation that fails gets an error, after which its id can be used again", async () => {
    const socket = await connected();
    await socket.say(subscribe("1", "{ nothing }"));
    await socket.until(2);
    expect(socket.heard[1]).toMatchObject({ type: "error", id: "1", payload: [{ message: expect.any(String) }] });
    await socket.say(subscribe("1"));
    await socket.until(4);
    expect(socket.heard.slice(2).map(({ type }) => type)).toEqual(["next", "complete"]);
    socket.terminate();
  });

  test("an operation that the client completes ends without an answer, also one that is unknown", async () => {
    const app = await server.current.newApp();
    const { id } = await app.run({ agentId: await app.agent({ model: "test:model" }), text: "hold", waitMs: 0 });
    const socket = await connected();
    await socket.say(subscribe("1", `subscription ($id: ID!) { runEvents(runId: $id) { index } }`, { id }));
    await socket.until(3);
    await socket.say({ type: "complete", id: "1" }, { type: "complete", id: "unknown" }, subscribe("2"));
    await socket.until(5);
    model.release();
    await delay(100);
    expect(socket.heard.slice(3).map(({ type }) => type)).toEqual(["next", "complete"]);
    expect(socket.readyState).toBe(RawSocket.OPEN);
    socket.terminate();
  });
});
