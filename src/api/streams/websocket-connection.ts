import { CloseCode, type Server } from "graphql-ws";
import type { Logger } from "pino";
import { assertSimple } from "../json";
import { type StreamTimings, WriteProgress } from "./heartbeat";
import type { UpgradedConnection } from "./upgraded-connection";
import { WebSocketEntrance } from "./websocket-entrance";
import { WebSocketOutput } from "./websocket-output";

/** Parsing a larger message takes milliseconds, so it waits for a turn of the event loop. */
const largeMessageBytes = 16 * 1024;

/** Graphql-ws parses the message. */
async function handleShallow(handle: (message: string) => Promise<void>, message: string): Promise<void> {
  assertSimple(message);
  await handle(message);
}

/**
 * Attaches a WebSocket to the protocol server, as `graphql-ws/use/ws` does, with bounds that it lacks: what a client may
 * send before it is let in, what waits for a client that does not read, and what is written to the log (it writes to the
 * console whenever a client violates the protocol).
 */
export function attachGraphqlWs<Connection extends UpgradedConnection>(
  server: Server<Connection>,
  connection: Connection,
  timings: StreamTimings,
  log: Logger,
): void {
  const { socket, isAccepted, close } = connection;
  const stream = connection.request.socket;
  const entrance = new WebSocketEntrance(connection);
  const output = new WebSocketOutput(connection);
  let stopHeartbeat = (): void => undefined;
  let waiting: Promise<void> | undefined;

  /** Handles messages in their order. While a large one waits for its turn, nothing more is read. */
  async function inTurn({ length }: Buffer, handle: () => Promise<void>): Promise<void> {
    const isLarge = length > largeMessageBytes;
    if (isLarge || waiting) {
      output.holdReading();
      const turn = (waiting ?? Promise.resolve()).then(() => (isLarge ? connection.waitForTurn() : undefined));
      waiting = turn;
      try {
        await turn;
      } finally {
        if (waiting === turn) {
          waiting = undefined;
          output.releaseReading();
        }
      }
    }
    if (socket.readyState === socket.OPEN) await handle();
  }

  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (data) => output.send(data),
      close,
      // Without the payload that the client sent: answering it would send as much as was received.
      onPing: () => output.send(pong),
      onMessage: (handle) =>
        socket.on("message", (data: Buffer) => {
          if (socket.readyState !== socket.OPEN || !entrance.admits(data)) return;
          inTurn(data, () => handleShallow(handle, data.toString()))
            .catch((error: unknown) => {
              log.debug({ err: error }, "a WebSocket client violated the protocol");
              close(CloseCode.BadRequest, "Invalid message received");
            })
            .finally(() => {
              if (!entrance.isPassed && isAccepted() && socket.readyState === socket.OPEN) {
                entrance.pass();
                stopHeartbeat = startHeartbeat(connection, output, timings);
              }
            });
        }),
    },
    connection,
  );
  // After an oversized or invalid frame the socket closes itself, and waits for the client.
  socket.on("error", () => {
    if (!isAccepted()) stream.destroySoon();
  });
  socket.once("close", (code, reason) => {
    stopHeartbeat();
    closed(code, reason.toString()).catch((error: unknown) => log.error({ err: error }, "failed to close a WebSocket"));
  });
}

const pong = JSON.stringify({ type: "pong" });

/** @returns a function that stops it */
function startHeartbeat(
  { socket, request }: UpgradedConnection,
  output: WebSocketOutput,
  { heartbeatIntervalMs }: StreamTimings,
): () => void {
  const progress = new WriteProgress(request.socket);
  let hasAnswered = true;
  socket.on("pong", () => (hasAnswered = true));
  const heartbeat = setInterval(() => {
    // The ping of a slow reader waits behind unread data, so only an empty buffer makes a missing pong count.
    const mayBeUnanswered = output.wasPaused || request.socket.writableLength > 0;
    if (progress.isStalled() || (!hasAnswered && !mayBeUnanswered)) socket.terminate();
    output.wasPaused = socket.isPaused;
    hasAnswered = false;
    socket.ping();
  }, heartbeatIntervalMs);
  return () => clearInterval(heartbeat);
}
