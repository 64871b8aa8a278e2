import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Model, ModelChunk } from "../../src/model/model";
import { adminKey, type TestServer } from "./server";
import { RawSocket } from "./streams";

/** Outputs 12 MB as fast as it is consumed: more than the network buffers for a client that does not read. */
export class LoudModel implements Model {
  async *answer(): AsyncIterable<ModelChunk> {
    for (let i = 0; i < 1_200; i++) yield await Promise.resolve({ kind: "text", text: "x".repeat(10_000) });
  }
}

/** Starts a run of a `LoudModel` that is registered as `test:loud`. */
export async function longRun(server: TestServer): Promise<string> {
  const app = await server.newApp();
  return (await app.run({ agentId: await app.agent({ model: "test:loud" }), waitMs: 0 })).id;
}

const query = `subscription ($runId: ID!) { runEvents(runId: $runId) { index ... on RunOutput { text } } }`;

/**
 * The server's sockets of the connections that this process has accepted. Closed ones are removed, because another client
 * may get the same port later.
 */
const connections = new Set<Socket>();
subscribe("net.server.socket", (message) => {
  const { socket } = message as { socket: Socket };
  connections.add(socket);
  socket.once("close", () => connections.delete(socket));
});

export interface StalledReader {
  readonly client: Socket;
  /** The server's socket of the connection. */
  readonly connection: Socket;
}

/** For each transport, subscribes to the events of a run, and never reads them. */
export const stalledReaders: Record<
  "WebSocket" | "server-sent events",
  (server: TestServer, runId: string) => Promise<StalledReader>
> = {
  async WebSocket({ url }, runId) {
    const client = new RawSocket(url, { authorization: `Bearer ${adminKey}` });
    await client.say({ type: "connection_init" });
    await client.until(1);
    const socket = client.underlying;
    socket.pause();
    await client.say({ type: "subscribe", id: "1", payload: { query, variables: { runId } } });
    const connection = serverSocketOf(socket);
    if (!connection) throw new Error("The server of this process has not accepted the connection");
    return { client: socket, connection };
  },

  async "server-sent events"({ url }, runId) {
    const body = JSON.stringify({ query, variables: { runId } });
    const head = [
      "POST /graphql/stream HTTP/1.1",
      "host: 127.0.0.1",
      `authorization: Bearer ${adminKey}`,
      "accept: text/event-stream",
      "content-type: application/json",
      `content-length: ${body.length}`,
    ];
    const client = connect(Number(new URL(url).port), "127.0.0.1");
    client.on("error", () => undefined);
    await once(client, "connect");
    client.pause();
    client.write(`${head.join("\r\n")}\r\n\r\n${body}`);
    let connection: Socket | undefined;
    while (!(connection = serverSocketOf(client))) await delay(1);
    return { client, connection };
  },
};

const serverSocketOf = ({ localPort }: Socket): Socket | undefined =>
  [...connections].find(({ remotePort }) => remotePort === localPort);
