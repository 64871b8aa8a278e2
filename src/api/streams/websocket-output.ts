import { SerializedResult } from "../graphql/serialization";
import type { UpgradedConnection } from "./upgraded-connection";

/** While more output waits for the client than this, nothing more is read from it. */
const maxWaitingBytes = 64 * 1024;

/** Writes to a client, and reads nothing more from one that does not take what was written. */
export class WebSocketOutput {
  private hasPendingPong = false;
  private pingPayload: Buffer | undefined;
  private isHeld = false;
  /** Whether reading was paused since the last heartbeat, so that a pong may be unread. */
  wasPaused = false;

  constructor(private readonly connection: UpgradedConnection) {
    const { socket, isAccepted } = connection;
    socket.on("ping", (payload: Buffer) => {
      if (!isAccepted()) return;
      this.pingPayload = payload;
      this.sendPong();
    });
  }

  /** @returns when the data was handed to the system. A failed send means that the client is gone; its close follows. */
  send(message: string): Promise<void> {
    const data = SerializedResult.embed(message);
    let release: () => void;
    try {
      release = this.connection.takeUnread(Buffer.byteLength(data));
    } catch {
      // The client reads too little of what its key asks for. It may connect again, and resume behind what it has read.
      this.connection.socket.terminate();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.connection.socket.send(data, { binary: false }, () => {
        release();
        this.resumeReading();
        resolve();
      });
      this.pauseReading();
    });
  }

  /** One pong at a time: RFC 6455 lets an endpoint that has several pings to answer respond to the latest only. */
  private sendPong(): void {
    const { socket } = this.connection;
    if (this.hasPendingPong || this.pingPayload === undefined || socket.readyState !== socket.OPEN) return;
    this.hasPendingPong = true;
    socket.pong(this.pingPayload, false, () => {
      this.hasPendingPong = false;
      this.resumeReading();
      this.sendPong();
    });
    this.pingPayload = undefined;
    this.pauseReading();
  }

  /** Reads nothing more, whatever waits for the client, until `releaseReading` is called. */
  holdReading(): void {
    this.isHeld = true;
    this.wasPaused = true;
    this.connection.socket.pause();
  }

  releaseReading(): void {
    this.isHeld = false;
    this.resumeReading();
  }

  private pauseReading(): void {
    const { socket, request } = this.connection;
    if (socket.isPaused || request.socket.writableLength <= maxWaitingBytes) return;
    this.wasPaused = true;
    socket.pause();
  }

  private resumeReading(): void {
    const { socket, request } = this.connection;
    if (socket.isPaused && !this.isHeld && request.socket.writableLength <= maxWaitingBytes) socket.resume();
  }
}
