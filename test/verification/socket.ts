import type { Socket as Connection } from "node:net";
import { WebSocket } from "ws";
import type { TestCredential } from "../support/client";

interface Operation {
  readonly query: string;
  readonly variables: object;
}

/** What a WebSocket was told of an operation, and what it was closed with where it was. */
export interface Heard {
  readonly results: readonly unknown[];
  readonly how: string;
}

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

interface Waiting {
  readonly results: unknown[];
  readonly end: (heard: Heard) => void;
}

const subscribe = (id: string, payload: Operation) => JSON.stringify({ id, type: "subscribe", payload });
const initialise = (credential: TestCredential) =>
  JSON.stringify({ type: "connection_init", payload: credential && { [credential[0]]: credential[1] } });
const connect = (url: string) => new WebSocket(url.replace(/^http/, "ws"), "graphql-transport-ws");

/** One connection over which one sender sends many operations. */
export class Socket {
  private readonly waiting = new Map<string, Waiting>();
  private sent = 0;
  private closing: string | undefined;

  private constructor(private readonly socket: WebSocket) {}

  /** Settles once it is let in or not; where it is not, that is what it hears of each operation. */
  static open(url: string, credential: TestCredential): Promise<Socket> {
    const raw = connect(url);
    const socket = new Socket(raw);
    return new Promise((resolve, reject) => {
      raw.on("open", () => raw.send(initialise(credential)));
      raw.on("error", reject);
      raw.on("close", (code) => {
        socket.close(`closed with ${code}`);
        resolve(socket);
      });
      raw.on("message", (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        if (message.type === "connection_ack") resolve(socket);
        else socket.take(message);
      });
    });
  }

  /** Sends an operation at once with the credential, without waiting to be let in, and waits until it is thrown out. */
  static knock(url: string, credential: TestCredential, operation: Operation): Promise<Heard> {
    const raw = connect(url);
    const results: unknown[] = [];
    return new Promise((resolve, reject) => {
      raw.on("open", () => {
        raw.send(initialise(credential));
        raw.send(subscribe("0", operation));
      });
      raw.on("error", reject);
      raw.on("message", (data: Buffer) => {
        results.push(JSON.parse(data.toString()));
        // Whoever is let in would not be thrown out.
        raw.close();
      });
      raw.on("close", (code) => resolve({ how: `closed with ${code}`, results }));
    });
  }

  ask(operation: Operation): Promise<Heard> {
    if (this.closing !== undefined) return Promise.resolve({ how: this.closing, results: [] });
    const id = String(this.sent++);
    return new Promise((end) => {
      this.waiting.set(id, { results: [], end });
      this.socket.send(subscribe(id, operation));
    });
  }

  /** Sends several operations in one piece, so that the server has all of them before it has begun any. */
  askTogether(operations: readonly Operation[]): Promise<Heard[]> {
    const { _socket: connection } = this.socket as unknown as { readonly _socket: Connection };
    connection.cork();
    const heard = operations.map((operation) => this.ask(operation));
    connection.uncork();
    return Promise.all(heard);
  }

  leave(): void {
    this.socket.close();
  }

  private take({ type, id = "", payload }: Message): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    if (type === "next") {
      waiting.results.push(payload);
      return;
    }
    this.waiting.delete(id);
    if (type === "error") waiting.end({ how: "refusal", results: [...waiting.results, { errors: payload }] });
    else waiting.end({ how: "result", results: waiting.results });
  }

  private close(how: string): void {
    this.closing = how;
    for (const { results, end } of this.waiting.values()) end({ how, results });
    this.waiting.clear();
  }
}
