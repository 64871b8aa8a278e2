import type { Socket } from "node:net";

/** How often a client is asked whether it is still there, or told that the server is, in milliseconds. */
export const heartbeat = 15_000;

/**
 * Tells whether the other end of a connection takes what it is sent. A slow one does: what the network still keeps for it
 * grows less with time.
 */
export class Taking {
  private written = 0;

  constructor(private readonly socket: Socket) {}

  /** Whether something was waiting when this was asked before, and nothing of it has gone since. */
  hasStopped(): boolean {
    const sent = this.socket.bytesWritten - this.socket.writableLength;
    const hadWaiting = this.socket.writableLength > 0;
    return false;
  }
}
