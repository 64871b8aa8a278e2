import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { maxHoldMs, useAttackedServer } from "../support/attack";
import type { GraphQLAnswer } from "../support/client";
import { useModelServer } from "../support/model-server";
import { eventually } from "../support/runs";
import { SlowRequest } from "../support/slow-request";
import { type Closing, RawSocket } from "../support/streams";
import type { KeyHolder, TestApp } from "../support/test-app";

const models = useModelServer();
// A key may have a quarter: 600 subscriptions, 5 waiting executions, 4 uploads, 1 MB of requests and of answers.
const server = useAttackedServer({
  MODEL_ALLOWED_HOSTS: "127.0.0.1",
  MAX_SUBSCRIPTIONS: "2400",
  MAX_WAITING_EXECUTIONS: "20",
  MAX_UPLOADS: "16",
  MAX_WAITING_BYTES: "16000000",
});

const maxKeptBytes = 30_000_000;
/** Nothing that these tests send may be buffered; the server itself takes less than half of this. */
const maxPeakBytes = 600_000_000;
const floodMs = 1_500;

const subscription = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;
const execute = `mutation ($input: ExecuteAgentInput!) { executeAgent(input: $input) { run { id } } }`;
const init = ({ secret }: KeyHolder) => ({ type: "connection_init", payload: { "x-api-key": secret } });
const subscribe = (id: string, runId: string) => ({
  type: "subscribe",
  id,
  payload: { query: subscription, variables: { runId } },
});
const largePing = JSON.stringify({ type: "ping", payload: { text: "x".repeat(900_000) } });

/** Opens a socket that never reads what the server sends. */
async function deafSocket(holder?: KeyHolder): Promise<RawSocket> {
  const socket = new RawSocket(server.current.url, {}, ["graphql-transport-ws"], { autoPong: false });
  if (holder) {
    await socket.say(init(holder));
    await socket.until(1);
  } else await socket.say();
  socket.underlying.pause();
  return socket;
}

/** The subscriptions of a socket that have delivered something. */
const openOn = ({ heard }: RawSocket) => new Set(heard.filter(({ type }) => type === "next").map(({ id }) => id));

/** Sends the same as fast as the server takes it, for a while. */
async function flood(socket: RawSocket, send: (done: () => void) => void): Promise<void> {
  const end = performance.now() + floodMs;
  while (performance.now() < end && socket.readyState === socket.OPEN) {
    await Promise.race([new Promise<void>((resolve) => send(resolve)), delay(50)]);
    if (socket.bufferedAmount > 10_000_000) await delay(20);
  }
}

async function floodWith(sockets: readonly RawSocket[], send: (socket: RawSocket, done: () => void) => void) {
  const { longestHoldMs, keptBytes, peakBytes } = await server.current.observe(async () => {
    await Promise.all(sockets.map((socket) => flood(socket, (done) => send(socket, done))));
    for (const socket of sockets) socket.terminate();
    await delay(200);
  });
  expect(longestHoldMs).toBeLessThan(maxHoldMs);
  expect(keptBytes).toBeLessThan(maxKeptBytes);
  expect(peakBytes).toBeLessThan(maxPeakBytes);
}

/** Waits until the server has closed the connection. */
const closing = async (socket: RawSocket): Promise<Closing> => {
  socket.underlying.resume();
  return socket.closed;
};

async function newKey(app?: TestApp): Promise<KeyHolder> {
  return (app ?? (await server.current.newApp())).key({ runtime: ["RUN", "DOCUMENT_UPLOAD"], agents: "FULL" });
}

/** Starts a run that does not end by itself. */
async function endlessRun(app: TestApp): Promise<{ runId: string; agentId: string }> {
  await app.modelConnection(models.current.baseUrl);
  const agentId = await app.agent({ model: "model/mute" });
  return { agentId, runId: (await app.run({ agentId, waitMs: 0 })).id };
}

const limitIn = (errors: GraphQLAnswer["errors"]) => errors?.[0]?.extensions;

describe("without a credential", () => {
  test("pings of 900 KB, which nobody reads the answers to, are not answered", async () => {
    const sockets = await Promise.all(Array.from({ length: 10 }, () => deafSocket()));
    await floodWith(sockets, (socket, done) => socket.send(largePing, done));
    for (const socket of sockets) await socket.closed;
  });

  test("ping frames end the connection", async () => {
    const socket = await deafSocket();
    socket.ping("x");
    expect(await closing(socket)).toMatchObject({ code: 4400 });
  });

  test("a message that is not complete ends the connection after 4 KB", async () => {
    const socket = await deafSocket();
    const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0d, 0xbb, 0xa0, 0, 0, 0, 0]);
    await socket.write(Buffer.concat([header, Buffer.alloc(5_000, "x")]));
    expect(await closing(socket)).toMatchObject({ code: 1009 });
  });

  test("a message in many fragments ends the connection after 4 KB", async () => {
    const socket = await deafSocket();
    const fragment = Buffer.from([0x01, 0x81, 0, 0, 0, 0, 0x78]);
    const continuation = Buffer.from([0x00, 0x81, 0, 0, 0, 0, 0x78]);
    await socket.write(Buffer.concat([fragment, ...Array<Buffer>(1_000).fill(continuation)]));
    expect(await closing(socket)).toMatchObject({ code: 1009 });
  });

  test("a connection that is refused is not kept for a client that does not answer the close", async () => {
    const socket = connect(Number(new URL(server.current.url).port), "127.0.0.1");
    socket.write(
      "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
        "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n",
    );
    await once(socket, "data");
    const text = Buffer.from(JSON.stringify({ type: "connection_init", payload: {} }));
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
    const startedAt = performance.now();
    socket.on("data", () => undefined);
    await once(socket, "end");
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    socket.destroy();
  });
});

describe("with a credential", () => {
  test("pings of 900 KB are answered without their payload, and only while the answers are read", async () => {
    const key = await newKey();
    const sockets = await Promise.all(Array.from({ length: 10 }, () => deafSocket(key)));
    await floodWith(sockets, (socket, done) => socket.send(largePing, done));
  });

  test("a flood of ping frames, whose answers nobody reads, does not fill the memory", async () => {
    const key = await newKey();
    const sockets = await Promise.all(Array.from({ length: 10 }, () => deafSocket(key)));
    const frames = Buffer.concat(Array<Buffer>(10_000).fill(Buffer.from([0x89, 0x80, 0, 0, 0, 0])));
    await floodWith(sockets, (socket, done) => void socket.underlying.write(frames, () => done()));
  });

  test("an operation with an id of 900 KB, which each result would repeat, is refused", async () => {
    const key = await newKey();
    const socket = new RawSocket(server.current.url);
    await socket.say(init(key));
    await socket.until(1);
    await socket.say({ type: "subscribe", id: "x".repeat(900_000), payload: { query: "{ viewer { kind } }" } });
    expect(await socket.closed).toMatchObject({ code: 4400 });
    expect(socket.heard).toHaveLength(1);
  });

  test("unfinished messages on many connections are bounded in bytes", async () => {
    const key = await newKey();
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = new RawSocket(server.current.url);
        await socket.say(init(key));
        await socket.until(1);
        return socket;
      }),
    );
    const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 0x0d, 0xbb, 0xa0, 0, 0, 0, 0]);
    const closed = sockets.map((socket) => socket.closed);
    for (const socket of sockets) await socket.write(Buffer.concat([header, Buffer.alloc(200_000, "x")]));
    await Promise.race(closed);
    await eventually(() => sockets.filter(({ readyState }) => readyState === RawSocket.OPEN).length === 4);
    for (const socket of sockets) socket.terminate();
  });

  test("unfinished bodies of requests are bounded in bytes, and other keys are not affected", async () => {
    const [key, other] = [await newKey(), await newKey()];
    const body = { query: `{ viewer { kind } } # ${"x".repeat(990_000)}`, variables: {} };
    const requests = await Promise.all(
      Array.from({ length: 4 }, () => SlowRequest.operation(key, body.query, body.variables)),
    );
    const { status, body: answer } = await key.send(body.query);
    expect(status).toBe(429);
    expect(limitIn((answer as GraphQLAnswer).errors)).toMatchObject({ limit: "requestBytes", of: "API_KEY" });
    expect(await other.code(body.query)).not.toBe("LIMIT_REACHED");
    await Promise.all(requests.map((request) => request.finish()));
    expect(await key.code(body.query)).not.toBe("LIMIT_REACHED");
  });
});

describe("subscriptions", () => {
  let app: TestApp;
  let runId: string;
  let agentId: string;
  let key: KeyHolder;

  beforeAll(async () => {
    app = await server.current.newApp();
    ({ runId, agentId } = await endlessRun(app));
    key = await newKey(app);
  });

  async function connectWithKey(): Promise<RawSocket> {
    const socket = new RawSocket(server.current.url);
    await socket.say(init(key));
    await socket.until(1);
    return socket;
  }

  /**
   * Opens subscriptions on as many connections as are needed. Asks again for those that are refused by a server that can't
   * keep up, or that has not seen the end of earlier ones yet.
   */
  async function open(count: number, runs: readonly string[] = [runId]): Promise<RawSocket[]> {
    const sockets = await Promise.all(Array.from({ length: Math.ceil(count / 100) }, connectWithKey));
    for (const [i, socket] of sockets.entries()) {
      const ask = (id: string) => socket.say(subscribe(id, runs[Number(id) % runs.length] ?? ""));
      socket.on("message", (data: Buffer) => {
        const { type, id, payload } = JSON.parse(data.toString()) as (typeof socket.heard)[number];
        if (type !== "error" || id === undefined) return;
        const { retryAfterMs = 100 } = payload[0].extensions as { retryAfterMs?: number };
        setTimeout(() => socket.readyState === socket.OPEN && void ask(id), retryAfterMs);
      });
      for (let n = 0; n < Math.min(100, count - i * 100); n++) await ask(`${n}`);
    }
    return sockets;
  }

  const close = async (sockets: readonly RawSocket[]): Promise<void> => {
    for (const socket of sockets) socket.terminate();
    await Promise.all(sockets.map(({ closed }) => closed));
    // The server learns of it a moment later.
    await eventually(async () => (await openable()) === undefined);
  };

  /** @returns the errors that refuse a further subscription, unless the server just can't keep up */
  async function openable(): Promise<unknown> {
    for (;;) {
      const socket = await connectWithKey();
      await socket.say(subscribe("0", runId));
      await socket.until(2);
      socket.terminate();
      const { type, payload } = socket.heard[1] ?? {};
      if (type !== "error") return undefined;
      const { code, retryAfterMs } = payload[0].extensions as { code: string; retryAfterMs: number };
      if (code !== "UNAVAILABLE") return payload;
      await delay(retryAfterMs);
    }
  }

  test("600 that are opened at once over WebSockets, wait and hear of an event do not hold the event loop", async () => {
    const runs = await Promise.all(Array.from({ length: 6 }, async () => (await app.run({ agentId, waitMs: 0 })).id));
    const { longestHoldMs } = await server.current.observe(async () => {
      const sockets = await open(600, runs);
      await delay(2_500);
      await Promise.all(
        runs.map((id) =>
          server.current.admin.data(`mutation ($id: ID!) { cancelRun(input: { id: $id }) { run { id } } }`, { id }),
        ),
      );
      await Promise.all(
        sockets.map((socket) =>
          eventually(() => socket.heard.filter(({ type }) => type === "complete").length === 100),
        ),
      );
      await close(sockets);
    });
    expect(longestHoldMs).toBeLessThan(maxHoldMs);
  });

  test("beyond a key's share are refused with what is limited, and those of others are not", async () => {
    const sockets = await open(600);
    await eventually(() => sockets.every((socket) => openOn(socket).size === 100));
    expect(await openable()).toMatchObject([
      {
        message: expect.stringContaining("at most 600 open subscriptions") as string,
        extensions: { code: "LIMIT_REACHED", limit: "subscriptions", of: "API_KEY", allowed: 600, used: 600 },
      },
    ]);
    const mine = key;
    key = await newKey(app);
    expect(await openable()).toBeUndefined();
    key = mine;
    await close(sockets);
  });

  test("600 that are opened at once as server-sent events are open in the end, and do not hold the event loop", async () => {
    const { port } = new URL(server.current.url);
    const body = JSON.stringify({ query: subscription, variables: { runId } });
    const head = `POST /graphql/stream HTTP/1.1\r\nhost: x\r\nx-api-key: ${key.secret}\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const clients: Socket[] = [];
    const openOne = async () => {
      for (;;) {
        const client = connect(Number(port), "127.0.0.1");
        clients.push(client);
        client.write(head);
        const answer = String(((await once(client, "data")) as [Buffer])[0]);
        if (answer.startsWith("HTTP/1.1 200 ")) return;
        // A server that can't keep up refuses some, and says when they may try again.
        const [, retryAfterS] = /^HTTP\/1\.1 503 [^]*\nretry-after: (\d+)\r\n/i.exec(answer) ?? [];
        if (retryAfterS === undefined) throw new Error(`The answer was ${answer}`);
        client.destroy();
        await delay(Number(retryAfterS) * 1_000);
      }
    };
    const { longestHoldMs } = await server.current.observe(async () => {
      await Promise.all(Array.from({ length: 600 }, openOne));
      await delay(1_200);
    });
    expect(longestHoldMs).toBeLessThan(maxHoldMs);
    for (const client of clients) client.destroy();
    await eventually(async () => (await openable()) === undefined);
  });

  test("executions that wait are bounded by key, and nothing of one that is refused is stored", async () => {
    const runs = async () => Number((await server.current.sql("SELECT COUNT(*) AS n FROM run"))[0]?.["n"]);
    const accepted = (await runs()) + 5;
    const waiting = Array.from({ length: 5 }, () =>
      key.send(execute, { input: { agentId, text: "Wait.", waitMs: 10_000 } }),
    );
    await eventually(async () => (await runs()) === accepted);
    const [error] = await key.errors(execute, { input: { agentId, text: "Wait.", waitMs: 3_000 } });
    expect(error?.extensions).toMatchObject({ code: "LIMIT_REACHED", limit: "waitingExecutions", allowed: 5, used: 5 });
    expect(await runs()).toBe(accepted);
    expect(await key.code(execute, { input: { agentId, text: "Do not wait.", waitMs: 0 } })).toBeUndefined();
    await Promise.all(waiting);
    expect(await key.code(execute, { input: { agentId, text: "Wait.", waitMs: 10 } })).toBeUndefined();
  });

  test("uploads under way are bounded by key, and end with their connections", async () => {
    const sessionId = await app.session();
    const uploads = await Promise.all(
      Array.from({ length: 4 }, () => SlowRequest.upload(key, sessionId, "x".repeat(1_000))),
    );
    const refused = await key.upload(sessionId, "The barn is red.");
    expect(refused.status).toBe(429);
    expect(limitIn((refused.body as GraphQLAnswer).errors)).toMatchObject({ limit: "uploads", allowed: 4, used: 4 });
    const other = await newKey(app);
    expect((await other.upload(sessionId, "The barn is red.")).status).toBe(200);
    for (const upload of uploads) await upload.finish();
    expect((await key.upload(sessionId, "The barn is red.")).status).toBe(200);
  });
});
