import { EventEmitter, once } from "node:events";
import type { OutgoingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import { createClient as createSseClient } from "graphql-sse";
import { type Client as WsClient, createClient as createWsClient } from "graphql-ws";
import WebSocket from "ws";
import type { Client, GraphQLAnswer, TestCredential } from "./client";

/** How a WebSocket was closed. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** Reads the results of one operation, as they come. */
export class Reader {
  readonly results: GraphQLAnswer[] = [];
  /** How it ended: undefined where it was completed, else what it was cut with. */
  readonly end: Promise<unknown>;
  private readonly news = new EventEmitter();

  constructor(private readonly source: AsyncIterableIterator<unknown>) {
    this.end = this.read().then(
      () => undefined,
      (cut: unknown) => cut,
    );
  }

  /** Waits until so many results are there. */
  async until(count: number): Promise<void> {
    const end = this.end.then((cut) => {
      if (this.results.length < count)
        throw new Error(`It ended with ${JSON.stringify(cut)} after ${JSON.stringify(this.results)}`);
    });
    while (this.results.length < count) await Promise.race([once(this.news, "result"), end]);
  }

  /** All that it will ever get, once it has ended. */
  async all(): Promise<GraphQLAnswer[]> {
    const cut = await this.end;
    if (cut !== undefined) throw new Error(`It was cut with ${JSON.stringify(cut)}`);
    return this.results;
  }

  /** The indexes of the events of a run that it has got. */
  get indexes(): number[] {
    return this.results.map(({ data }) => data?.runEvents.index as number);
  }

  async leave(): Promise<void> {
    await this.source.return?.();
  }

  private async read(): Promise<void> {
    for await (const result of this.source) {
      this.results.push(result as GraphQLAnswer);
      this.news.emit("result");
    }
  }
}

/** One connection by WebSocket, which is not made anew when it is closed. */
export class Connection {
  /** Settles once the server has let it in or has not. */
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
      this.client.on("closed", (event) => reject(new Error(`It was closed with ${(event as Closing).code}`)));
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
    // It fails where the connection has not come about, which whoever waits for it is told.
    void Promise.resolve(this.client.dispose()).catch(() => undefined);
  }
}

/** A WebSocket that says what a test has it say, and keeps what it hears. */
export class RawSocket extends WebSocket {
  readonly heard: { readonly type: string; readonly id?: string; readonly payload?: any }[] = [];
  /** The status that an upgrade was refused with; undefined where it was not. */
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

  /** Writes bytes that are not put into a frame. */
  async write(bytes: Buffer): Promise<void> {
    await this.ready;
    this.underlying.write(bytes);
  }

  get underlying(): Socket {
    return (this as unknown as { _socket: Socket })._socket;
  }

  /** Waits for so many messages. */
  async until(count: number): Promise<void> {
    while (this.heard.length < count) await once(this, "message");
  }
}

const paramsOf = (credential: TestCredential) => credential && { [credential[0]]: credential[1] };

/** Both ways to read the results of an operation. Each stream has a connection of its own. */
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
