import type { Socket } from "node:net";

export interface StreamTimings {
  /** Interval of pings and SSE comments on an idle stream; also the time that a client has to answer or to read. */
  readonly heartbeatIntervalMs: number;
  /** Interval at which the callers of all open connections are looked up again; see {@link LiveConnections}. */
  readonly reauthorizationIntervalMs: number;
}

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
