import type { IncomingMessage } from "node:http";
import { CloseCode, type Server } from "graphql-ws";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { type StreamTimings, WriteProgress } from "./heartbeat";

export interface UpgradedConnection {
  readonly socket: WebSocket;
  /** The request that was upgraded. */
  readonly request: IncomingMessage;
}

/**
 * Attaches a WebSocket to the protocol server, as `graphql-ws/use/ws` does. That one writes to the console whenever a
 * client violates the protocol, so any client could flood it.
 */
export function attachGraphqlWs(
  server: Server<UpgradedConnection>,
  connection: UpgradedConnection,
  { heartbeatIntervalMs }: StreamTimings,
  log: Logger,
): void {
  const { socket, request } = connection;
  const closed = server.opened(
    {
      protocol: socket.protocol,
      // A failed send means that the client is gone; its close event follows.
      send: (data) => new Promise((resolve) => socket.send(data, () => resolve())),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (handle) =>
        socket.on("message", (data: Buffer) => {
          handle(data.toString()).catch((error: unknown) => {
            log.debug({ err: error }, "a WebSocket client violated the protocol");
            socket.close(CloseCode.BadRequest, "Invalid message received");
          });
        }),
    },
    connection,
  );

  const progress = new WriteProgress(request.socket);
  let hasAnswered = true;
  const heartbeat = setInterval(() => {
    // The ping of a slow reader waits behind unread data, so only an empty buffer makes a missing pong count.
    if (progress.isStalled() || (!hasAnswered && request.socket.writableLength === 0)) socket.terminate();
    hasAnswered = false;
    socket.ping();
  }, heartbeatIntervalMs);
  socket.on("pong", () => (hasAnswered = true));
  // After an oversized or invalid frame the socket closes itself.
  socket.on("error", () => undefined);
  socket.once("close", (code, reason) => {
    clearInterval(heartbeat);
    closed(code, reason.toString()).catch((error: unknown) => log.error({ err: error }, "failed to close a WebSocket"));
  });
}
