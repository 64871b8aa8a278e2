import type { UpgradedConnection } from "./upgraded-connection";

/** A message up to this size is not counted: what is read from the network at a time is about as large. */
const maxUncountedBytes = 64 * 1024;

/** Without the payload, from a client. */
const controlFrameBytes = 6;

/** Counts the messages that are being received, of which a client may leave as many unfinished as it has connections. */
export class WebSocketInput {
  private receivedBytes = 0;
  private release: (() => void) | undefined;

  /** @param maxMessageBytes the size that an unfinished message may reach */
  constructor({ socket, request, takeRequest }: UpgradedConnection, maxMessageBytes: number) {
    request.socket.prependListener("data", (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      if (this.receivedBytes <= maxUncountedBytes || this.release) return;
      try {
        this.release = takeRequest(maxMessageBytes);
      } catch {
        socket.terminate();
      }
    });
    const finish = () => {
      this.receivedBytes = 0;
      this.release?.();
      this.release = undefined;
    };
    // Control frames come between the frames of a message, and are no part of it.
    const deduct = ({ length }: Buffer) => (this.receivedBytes -= length + controlFrameBytes);
    socket.on("ping", deduct).on("pong", deduct).on("message", finish).once("close", finish);
  }
}
