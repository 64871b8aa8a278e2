import { EventEmitter, once } from "node:events";
import type { OutgoingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { createClient as createSseClient } from "graphql-sse";
import { type Client as WsClient, createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";
import type { Client, GraphQLAnswer, TestCredential } from "./client";

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** Reads the results of one operation as they arrive. */
export class Reader {
  readonly results: GraphQLAnswer[] = [];
  /** Resolves when the stream has ended: to undefined if it completed, else to the error. */
  readonly end: Promise<unknown>;
  private readonly emitter = new EventEmitter();

  constructor(private readonly source: AsyncIterableIterator<unknown>) {
    this.end = this.read().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** Waits until this many results have arrived. */
  async until(count: number): Promise<void> {
    const end = this.end.then((error) => {
      if (this.results.length < count)
        throw new Error(`The stream ended with ${JSON.stringify(error)} after ${JSON.stringify(this.results)}`);
    });
    while (this.results.length < count) await Promise.race([once(this.emitter, "result"), end]);
  }

  /** Waits for the end of the stream. @returns all results */
  async all(): Promise<GraphQLAnswer[]> {
    const error = await this.end;
    if (error !== undefined) throw new Error(`The stream failed with ${JSON.stringify(error)}`);
    return this.results;
  }

  /** The indexes of the run events that have arrived. */
  get indexes(): number[] {
    return this.results.map(({ data }) => data?.runEvents.index as number);
  }

  async leave(): Promise<void> {
    await this.source.return?.();
  }

  private async read(): Promise<void> {
    for await (const result of this.source) {
      this.results.push(result as GraphQLAnswer);
      this.emitter.emit("result");
    }
  }
}

/** One WebSocket connection, without reconnects. */
export class Connection {
  /** Resolves when the server has accepted the connection. @throws {Error} if it refuses it */
  readonly opened: Promise<void>;
  readonly closed: Promise<Closing>;
  private readonly client: WsClient;

  constructor(url: string, connectionParams?: Record<string, unknown>, headers: Record<string, string> = {}) {
    class WithHeaders extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers });
      }
    }
    this.client = createWsClient({
      url: url.replace(/^http/, "ws"),
      webSocketImpl: WithHeaders,
      ...(connectionParams && { connectionParams }),
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
    });
    this.closed = new Promise((resolve) => this.client.on("closed", (event) => resolve(event as Closing)));
    this.opened = new Promise((resolve, reject) => {
      this.client.on("connected", () => resolve());
      this.client.on("closed", (event) =>
        reject(new Error(`The connection was closed with ${(event as Closing).code}`)),
      );
    });
    this.opened.catch(() => undefined);
  }

  static of({ url, credential }: Client): Connection {
    return new Connection(url, paramsOf(credential));
  }

  read(query: string, variables?: object): Reader {
    return new Reader(this.client.iterate({ query, variables: variables as Record<string, unknown> }));
  }

  close(): void {
    // It fails if the connection was never opened; `opened` reports that.
    void Promise.resolve(this.client.dispose()).catch(() => undefined);
  }
}

/** A WebSocket that sends arbitrary messages, and records the received ones. */
export class RawSocket extends WebSocket {
  readonly heard: { readonly type: string; readonly id?: string; readonly payload?: any }[] = [];
  /** The HTTP status of a refused upgrade. */
  refusal: number | undefined;
  readonly closed: Promise<Closing>;
  private readonly ready: Promise<unknown>;

  constructor(
    url: string,
    headers: OutgoingHttpHeaders = {},
    protocols = ["graphql-transport-ws"],
    options: WebSocket.ClientOptions = {},
  ) {
    super(url.replace(/^http/, "ws"), protocols, { headers: headers as Record<string, string>, ...options });
    this.on("message", (data: Buffer) => this.heard.push(JSON.parse(data.toString()) as (typeof this.heard)[number]));
    this.on("unexpected-response", (request, response) => {
      this.refusal = response.statusCode;
      request.destroy();
      this.terminate();
    });
    this.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.ready = Promise.race([once(this, "open"), this.closed]);
  }

  async say(...messages: unknown[]): Promise<void> {
    await this.ready;
    for (const message of messages) this.send(JSON.stringify(message));
  }

  /** Writes bytes to the connection without framing. */
  async write(bytes: Buffer): Promise<void> {
    await this.ready;
    this.underlying.write(bytes);
  }

  get underlying(): Socket {
    return (this as unknown as { _socket: Socket })._socket;
  }

  /** Waits until this many messages have arrived. */
  async until(count: number): Promise<void> {
    while (this.heard.length < count) await once(this, "message");
  }
}

const paramsOf = (credential: TestCredential) => credential && { [credential[0]]: credential[1] };

/** Both transports for the results of an operation. Each stream has a separate connection. */
export const transports = {
  WebSocket(client: Client, query: string, variables?: object): Reader {
    const connection = Connection.of(client);
    const reader = connection.read(query, variables);
    void reader.end.then(() => connection.close());
    return reader;
  },

  "server-sent events"({ url, credential }: Client, query: string, variables?: object): Reader {
    const client = createSseClient({ url: `${url}/stream`, headers: paramsOf(credential) ?? {}, retryAttempts: 0 });
    return new Reader(client.iterate({ query, variables: variables as Record<string, unknown> }));
  },
};
