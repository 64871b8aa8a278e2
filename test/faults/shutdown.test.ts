import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { Client } from "../support/client";
import { type TestProcess, useProcesses } from "../support/process";
import { eventually } from "../support/runs";
import { SlowRequest } from "../support/slow-request";

const processes = useProcesses();
const createAgent = `mutation ($name: String!) { createAgent(input: { name: $name }) { agent { id } } }`;
const runEvents = `subscription ($runId: ID!) { runEvents(runId: $runId) { index } }`;

test.each(["SIGTERM", "SIGINT"] as const)(
  "requests in progress at %s are answered, and their writes survive the restart",
  async (signal) => {
    const server = await processes.serve(await processes.fresh());
    const app = await server.newApp();
    const key = await app.key();
    const session = await app.session();
    const content = "The barn is red.\n".repeat(20_000);
    const mutation = await SlowRequest.operation(key, createAgent, { name: "Ada" });
    const upload = await SlowRequest.upload(key, session, content);

    const signalledAt = Date.now();
    server.signal(signal);
    await eventually(() => hasLogged(server, "stopping"));
    const [created, uploaded] = [await mutation.finish(), await upload.finish()];
    expect(created).toMatchObject({ status: 200, headers: { connection: "close" } });
    expect(uploaded).toMatchObject({ status: 200, headers: { connection: "close" } });
    await server.exited;
    expect(server.exit).toBe(0);
    expect(Date.now() - signalledAt).toBeLessThan(10_000);

    const next = await processes.serve(server.environment);
    const query = `query ($agent: ID!, $session: ID!) { agent(id: $agent) { name } session(id: $session) { documents { id size } } }`;
    const agent = created.body.data.createAgent.agent.id as string;
    expect(await next.as(key.credential).data(query, { agent, session })).toEqual({
      agent: { name: "Ada" },
      session: { documents: [{ id: uploaded.body.data.uploadDocument.document.id, size: content.length }] },
    });
  },
);

test("a server that is stopped before it has started everything stops without an error", async () => {
  for (let attempt = 0; attempt < 5; attempt++) {
    const server = processes.run(await processes.fresh());
    await eventually(() => server.log.some(({ msg }) => String(msg).startsWith("Server listening")));
    expect(await server.end()).toBe(0);
    expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);
  }
});

test("open streams are closed in order, and the next start fails their run as INTERRUPTED", async () => {
  const server = await processes.serve(await processes.fresh());
  const runId = await unfinishedRun(server);
  const [webSocket, sse] = [followOverWebSocket(server.admin, runId), followOverSse(server.admin, runId)];
  await Promise.all([webSocket.started, sse.started]);

  expect(await server.end("SIGTERM")).toBe(0);
  expect(await webSocket.closeCode).toBe(1001);
  expect(await sse.text).toMatch(/^event: next\n[^]+\nevent: complete\n/m);

  const next = await processes.serve(server.environment);
  expect(await next.admin.data(`query ($id: ID!) { run(id: $id) { status error { code } } }`, { id: runId })).toEqual({
    run: { status: "FAILED", error: { code: "INTERRUPTED" } },
  });
});

test("a server that stops refuses new connections, is not ready, closes idle connections, and answers pending requests", async () => {
  const server = await processes.serve(await processes.fresh());
  const slow = await SlowRequest.operation(server.admin, `{ viewer { kind } }`);
  const readyz = await PartialRequest.send(server, "GET /readyz HTTP/1.1");
  const healthz = await PartialRequest.send(server, "GET /healthz HTTP/1.1");
  const sse = followOverSse(server.admin, await unfinishedRun(server));
  await sse.started;
  const idle = await PartialRequest.send(server, "GET /healthz HTTP/1.1");
  expect(await idle.finish()).toMatch(/^HTTP\/1.1 200 [^]+connection: keep-alive/i);

  server.signal("SIGTERM");
  await eventually(() => refusesConnections(server));
  server.signal("SIGTERM");
  await Promise.all([idle.closed, sse.closed]);
  expect(await readyz.finish()).toMatch(/^HTTP\/1.1 503 [^]+connection: close[^]+{"status":"unavailable"}$/i);
  expect(await healthz.finish()).toMatch(/^HTTP\/1.1 200 [^]+connection: close[^]+{"status":"ok","version":"[^"]+"}$/i);
  expect(await slow.finish()).toMatchObject({ status: 200, body: { data: { viewer: { kind: "ADMIN" } } } });
  await server.exited;
  expect(server.exit).toBe(0);
  // The second signal has no effect.
  expect(server.log.filter(({ msg }) => msg === "stopping")).toHaveLength(1);
});

test("a server stops cleanly within ten seconds although clients neither finish requests nor respond", async () => {
  const server = await processes.serve(await processes.fresh());
  const slow = await SlowRequest.operation(server.admin, createAgent, { name: "Ada" });
  const unresponsive = new WebSocket(server.url.replace("http", "ws"), "graphql-transport-ws");
  await once(unresponsive, "open");
  unresponsive.pause();
  const silent = connect(Number(new URL(server.url).port), "127.0.0.1");
  await once(silent, "connect");
  silent.on("error", () => undefined);

  const signalledAt = Date.now();
  expect(await server.end("SIGTERM")).toBe(0);
  expect(Date.now() - signalledAt).toBeLessThan(10_000);
  await slow.cut();
  unresponsive.terminate();
  expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);
});

test("the last use of a key is written at shutdown", async () => {
  const server = await processes.serve(await processes.fresh());
  const key = await (await server.newApp()).key({ agents: "VIEW" });
  const read = `query ($id: ID!) { apiKey(id: $id) { lastUsedAt } }`;
  const from = new Date();
  await key.data(`{ agents { totalCount } }`);
  const to = new Date();
  expect(await server.admin.data(read, { id: key.keyId })).toEqual({ apiKey: { lastUsedAt: null } });
  await server.end();

  const { apiKey } = await (await processes.serve(server.environment)).admin.data(read, { id: key.keyId });
  expect(new Date(apiKey.lastUsedAt as string).getTime()).toBeGreaterThanOrEqual(from.getTime());
  expect(new Date(apiKey.lastUsedAt as string).getTime()).toBeLessThanOrEqual(to.getTime());
});

const hasLogged = ({ log }: TestProcess, message: string) => log.some(({ msg }) => msg === message);

async function refusesConnections({ url }: TestProcess): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const [isRefused] = await Promise.race([
    once(socket, "connect").then(() => [false]),
    new Promise<[boolean]>((resolve) => socket.once("error", () => resolve([true]))),
  ]);
  socket.destroy();
  return isRefused;
}

/** A run that appears to be executed by another process. */
async function unfinishedRun(server: TestProcess): Promise<string> {
  const app = await server.newApp();
  const { id } = await app.run({ agentId: await app.agent() });
  await server.sql(`DELETE FROM run_event WHERE runId = '${id}' AND type = 'FINISHED'`);
  await server.sql(
    `UPDATE run SET status = 'RUNNING', finishedAt = NULL, eventCount = eventCount - 1 WHERE id = '${id}'`,
  );
  return id;
}

function followOverWebSocket({ url, credential }: Client, runId: string) {
  const client = createClient({
    url: url.replace("http", "ws"),
    webSocketImpl: WebSocket,
    connectionParams: Object.fromEntries(credential ? [credential] : []),
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
  });
  const closeCode = new Promise<number>((resolve) => {
    client.on("closed", (event) => resolve((event as { code: number }).code));
  });
  const started = new Promise<void>((resolve) => {
    client.subscribe(
      { query: runEvents, variables: { runId } },
      { next: () => resolve(), error: () => undefined, complete: () => undefined },
    );
  });
  return { started, closeCode };
}

function followOverSse({ url, credential }: Client, runId: string) {
  const outgoing = request(`${url}/stream`, {
    method: "POST",
    agent: new Agent({ keepAlive: true }),
    headers: {
      ...Object.fromEntries(credential ? [credential] : []),
      accept: "text/event-stream",
      "content-type": "application/json",
    },
  });
  outgoing.end(JSON.stringify({ query: runEvents, variables: { runId } }));
  const response = once(outgoing, "response") as Promise<[IncomingMessage]>;
  const closed = response.then(([{ socket }]) => once(socket, "close"));
  const chunks: string[] = [];
  const text = response.then(async ([message]) => {
    for await (const chunk of message.setEncoding("utf8")) chunks.push(chunk as string);
    return chunks.join("");
  });
  return { started: eventually(() => chunks.some((chunk) => chunk.includes("event: next"))), text, closed };
}

/** A request on a separate keep-alive connection whose head is not complete yet. */
class PartialRequest {
  readonly closed: Promise<unknown>;

  private constructor(private readonly socket: Socket) {
    this.closed = once(socket, "close");
  }

  static async send(server: TestProcess, line: string): Promise<PartialRequest> {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1").setEncoding("utf8");
    await once(socket, "connect");
    socket.write(`${line}\r\nhost: localhost\r\n`);
    // Once a later request is answered, the server has received this one.
    await server.admin.data(`{ viewer { kind } }`);
    return new PartialRequest(socket);
  }

  async finish(): Promise<string> {
    this.socket.write("\r\n");
    const [answer] = (await once(this.socket, "data")) as [string];
    return answer;
  }
}
