import type { IncomingMessage } from "node:http";
import { CloseCode, type Server } from "graphql-ws";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { type StreamTimings, WriteProgress } from "./heartbeat";

/** What a connection is known by. */
export interface Connected {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/**
 * Puts a WebSocket under the protocol, as `graphql-ws/use/ws` does. That writes on the console whatever a client does
 * wrong, as often as any client likes.
 */
export function attachGraphqlWs(
  server: Server<Connected>,
  connected: Connected,
  { heartbeatIntervalMs }: StreamTimings,
  log: Logger,
): void {
  const { socket, request } = connected;
  const closed = server.opened(
    {
      protocol: socket.protocol,
      // What can't be sent is for a client that is gone, which its closing will tell.
      send: (data) => new Promise((resolve) => socket.send(data, () => resolve())),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (take) =>
        socket.on("message", (data: Buffer) => {
          take(data.toString()).catch((error: unknown) => {
            log.debug({ err: error }, "a client does not keep to the protocol of its WebSocket");
            socket.close(CloseCode.BadRequest, "Invalid message received");
          });
        }),
    },
    connected,
  );

  const flow = new WriteProgress(request.socket);
  let isThere = true;
  const asking = setInterval(() => {
    // Who reads slowly comes to the question late.
    if (flow.isStalled() || (!isThere && request.socket.writableLength === 0)) socket.terminate();
    isThere = false;
    socket.ping();
  }, heartbeatIntervalMs);
  socket.on("pong", () => (isThere = true));
  // Frames that are too large, or none at all: the socket closes itself.
  socket.on("error", () => undefined);
  socket.once("close", (code, reason) => {
    clearInterval(asking);
    closed(code, reason.toString()).catch((error: unknown) => log.error({ err: error }, "a WebSocket was not closed"));
  });
}
