import type { Socket } from "node:net";

export interface StreamTimings {
  /** Interval of pings and SSE comments on an idle stream; also the time that a client has to answer or to read. */
  readonly heartbeatIntervalMs: number;
}

/** What is on its way to a client that may read slowly, or not at all. */
export class WriteProgress {
  private sent = 0;
  private wasWaiting = false;

  constructor(private readonly socket: Socket) {}

  /** Whether something was waiting already when this was asked before, and nothing of it has gone since. */
  isStalled(): boolean {
    const { bytesWritten, writableLength } = this.socket;
    const sent = bytesWritten - writableLength;
    const isStuck = this.wasWaiting && sent === this.sent;
    this.sent = sent;
    this.wasWaiting = writableLength > 0;
    return isStuck;
  }
}
