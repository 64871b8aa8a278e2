import type { Socket } from "node:net";

/** The interval at which a stream without other traffic is kept alive, and a stalled one is cut off. */
export const heartbeatMs = 15_000;

/** Tells a client that reads slowly from one that reads nothing. */
export class WriteProgress {
  private sentBytes = 0;
  private wasWaiting = false;

  constructor(private readonly socket: Socket) {}

  /** @returns whether data was waiting at the last call already, and nothing has been sent since */
  isStalled(): boolean {
    const { bytesWritten, writableLength } = this.socket;
    const sentBytes = bytesWritten - writableLength;
    const isStalled = this.wasWaiting && sentBytes === this.sentBytes;
    this.sentBytes = sentBytes;
    this.wasWaiting = writableLength > 0;
    return isStalled;
  }
}
