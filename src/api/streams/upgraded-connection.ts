import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";

export interface UpgradedConnection {
  readonly socket: WebSocket;
  /** The request that was upgraded. */
  readonly request: IncomingMessage;
  /** Whether the client has been let in: it sent a valid credential. */
  readonly isAccepted: () => boolean;
  /** Closes the connection; without waiting for the client, if it was never let in. */
  readonly close: (code: number, reason: string) => void;
  /**
   * Counts bytes that wait for the client, until the returned function is called.
   *
   * @throws LIMIT_REACHED
   */
  readonly takeUnread: (bytes: number) => () => void;
  /** Likewise for a message that is being received. */
  readonly takeRequest: (bytes: number) => () => void;
  /** Gives other work a turn of the event loop. */
  readonly waitForTurn: () => Promise<void>;
}

/** Closes a connection that was never let in, as soon as the close frame is written: the client is not waited for. */
export function turnAway(
  { socket, request }: Pick<UpgradedConnection, "socket" | "request">,
  code: number,
  reason: string,
): void {
  if (socket.readyState !== socket.OPEN) return;
  socket.close(code, reason);
  request.socket.destroySoon();
}
