import type { Socket } from "node:net";
import { CloseCode } from "graphql-ws";
import type { UpgradedConnection } from "./upgraded-connection";

/** The maximum size of `connection_init`: a credential and some positions to resume from. */
const maxInitBytes = 4 * 1024;

/** A frame of that size has a header of 8 bytes with its mask. */
const maxEntranceBytes = maxInitBytes + 64;

/** RFC 6455; graphql-ws has no code for it. */
const messageTooBig = 1009;

/**
 * A client may send one `connection_init` before it is let in. Everything else ends the connection, so that nobody
 * without a credential can make the server keep or answer anything.
 */
export class WebSocketEntrance {
  isPassed = false;
  private hasInit = false;
  private receivedBytes = 0;
  private readonly stream: Socket;

  constructor(private readonly connection: UpgradedConnection) {
    const { socket, request } = connection;
    this.stream = request.socket;
    this.stream.prependListener("data", this.count);
    socket.on("ping", this.refuseControlFrame).on("pong", this.refuseControlFrame);
  }

  /** Whether a message may be handled. If not, the connection is closed. */
  admits(message: Buffer): boolean {
    if (this.isPassed || this.connection.isAccepted()) return true;
    if (message.length > maxInitBytes) {
      this.connection.close(messageTooBig, "The first message is too big");
      return false;
    }
    const type = typeOf(message);
    // The protocol server refuses these with the codes of the protocol: 4429 and 4401.
    if (type === "subscribe" || (type === "connection_init" && this.hasInit)) return true;
    if (type === "connection_init") {
      this.hasInit = true;
      return true;
    }
    this.connection.close(CloseCode.BadRequest, "Invalid message received");
    return false;
  }

  pass(): void {
    this.isPassed = true;
    this.stream.off("data", this.count);
    this.connection.socket.off("ping", this.refuseControlFrame).off("pong", this.refuseControlFrame);
  }

  /** Counts what has arrived, so that a message in many frames does not have to be complete to be refused. */
  private readonly count = (chunk: Buffer): void => {
    this.receivedBytes += chunk.length;
    if (this.receivedBytes > maxEntranceBytes && !this.connection.isAccepted()) {
      this.connection.close(messageTooBig, "The first message is too big");
    }
  };

  private readonly refuseControlFrame = (): void => {
    if (!this.connection.isAccepted()) this.connection.close(CloseCode.BadRequest, "Invalid message received");
  };
}

function typeOf(message: Buffer): unknown {
  try {
    return (JSON.parse(message.toString()) as { type?: unknown } | null)?.type;
  } catch {
    return undefined;
  }
}
