import type { Socket as Connection } from "node:net";
import { WebSocket } from "ws";
import type { TestCredential } from "../support/client";

/** A cookie is sent with the upgrade, as browsers send it. Other credentials go into the payload, under the names of their headers. */
export type SocketCredential = TestCredential | readonly [header: "cookie", value: string];

interface Operation {
  readonly query: string;
  readonly variables: object;
}

export interface SocketAnswer {
  readonly results: readonly unknown[];
  /** `result`, `refusal`, or the code that the WebSocket was closed with. */
  readonly how: string;
}

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

interface PendingOperation {
  readonly results: unknown[];
  readonly resolve: (answer: SocketAnswer) => void;
}

const subscribe = (id: string, payload: Operation) => JSON.stringify({ id, type: "subscribe", payload });
const connectionInit = (credential: SocketCredential) => {
  const payload = credential && credential[0] !== "cookie" ? { [credential[0]]: credential[1] } : undefined;
  return JSON.stringify({ type: "connection_init", payload });
};
const connect = (url: string, credential: SocketCredential) =>
  new WebSocket(url.replace(/^http/, "ws"), "graphql-transport-ws", {
    headers: credential?.[0] === "cookie" ? { cookie: credential[1] } : {},
  });

/** A WebSocket that multiplexes the operations of one credential. */
export class Socket {
  private readonly pending = new Map<string, PendingOperation>();
  private nextId = 0;
  private closing: string | undefined;

  private constructor(private readonly socket: WebSocket) {}

  /** Resolves when the server acknowledges or closes the connection. If it is closed, `ask` answers with the code. */
  static open(url: string, credential: SocketCredential): Promise<Socket> {
    const raw = connect(url, credential);
    const socket = new Socket(raw);
    return new Promise((resolve, reject) => {
      raw.on("open", () => raw.send(connectionInit(credential)));
      raw.on("error", reject);
      raw.on("close", (code) => {
        socket.onClose(`closed with ${code}`);
        resolve(socket);
      });
      raw.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        if (message.type === "connection_ack") resolve(socket);
        else socket.onMessage(message);
      });
    });
  }

  /** Sends an operation without waiting for the acknowledgement, and resolves when the connection is closed. */
  static askBeforeAck(url: string, credential: SocketCredential, operation: Operation): Promise<SocketAnswer> {
    const raw = connect(url, credential);
    const results: unknown[] = [];
    return new Promise((resolve, reject) => {
      raw.on("open", () => {
        raw.send(connectionInit(credential));
        raw.send(subscribe("0", operation));
      });
      raw.on("error", reject);
      raw.on("message", (data: Buffer) => {
        results.push(JSON.parse(data.toString()));
        // A server that accepts the credential would not close the connection.
        raw.close();
      });
      raw.on("close", (code) => resolve({ how: `closed with ${code}`, results }));
    });
  }

  ask(operation: Operation): Promise<SocketAnswer> {
    if (this.closing !== undefined) return Promise.resolve({ how: this.closing, results: [] });
    const id = String(this.nextId++);
    return new Promise((resolve) => {
      this.pending.set(id, { results: [], resolve });
      this.socket.send(subscribe(id, operation));
    });
  }

  /** Sends operations in one TCP segment, so that the server has all of them before it starts the first. */
  askTogether(operations: readonly Operation[]): Promise<SocketAnswer[]> {
    const { _socket: connection } = this.socket as unknown as { readonly _socket: Connection };
    connection.cork();
    const answers = operations.map((operation) => this.ask(operation));
    connection.uncork();
    return Promise.all(answers);
  }

  leave(): void {
    this.socket.close();
  }

  private onMessage({ type, id = "", payload }: Message): void {
    const operation = this.pending.get(id);
    if (!operation) return;
    const { results, resolve } = operation;
    if (type === "next") {
      results.push(payload);
      return;
    }
    this.pending.delete(id);
    if (type === "error") resolve({ how: "refusal", results: [...results, { errors: payload }] });
    else resolve({ how: "result", results });
  }

  private onClose(how: string): void {
    this.closing = how;
    for (const { results, resolve } of this.pending.values()) resolve({ how, results });
    this.pending.clear();
  }
}
