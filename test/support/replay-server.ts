import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** The answer to a request. */
export interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ReplayedRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: any;
}

const caseFile = (name: string): string => readFileSync(join(__dirname, "../cases", name), "utf8");
const typeOf = (name: string): string =>
  name.endsWith(".json") ? "application/json" : name.endsWith(".html") ? "text/html" : "text/event-stream";

/** The content of a file of `test/cases`. */
export const replyOf = (name: string): Reply => ({ type: typeOf(name), body: caseFile(name) });
export const caseJson = (name: string): any => JSON.parse(caseFile(name));

/** Chunks of chat completions as server-sent events. */
export const sse = (...chunks: readonly unknown[]): string =>
  chunks.map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`).join("");

/** An HTTP server that answers a POST as the function says that is registered for its path. */
export class ReplayServer {
  readonly requests: ReplayedRequest[] = [];
  private readonly replies = new Map<string, (request: ReplayedRequest) => Reply>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  static async start(): Promise<ReplayServer> {
    const started = new ReplayServer();
    await new Promise<void>((resolve) => started.server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @param path the beginning of the paths that are answered. @returns its address */
  on(path: string, reply: Reply | ((request: ReplayedRequest) => Reply)): string {
    this.replies.set(path, typeof reply === "function" ? reply : () => reply);
    return `${this.origin}${path}`;
  }

  at(path: string): ReplayedRequest[] {
    return this.requests.filter((request) => request.path.startsWith(path));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const received: ReplayedRequest = {
      path: request.url ?? "",
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.requests.push(received);
    const found = [...this.replies.entries()].find(([path]) => received.path.startsWith(path));
    const { status = 200, type, headers = {}, body } = found?.[1](received) ?? { status: 404, body: "no such page" };
    response.writeHead(status, { ...(type !== undefined && { "content-type": type }), ...headers }).end(body);
  }
}

/** Runs a replay server for the tests of a file. */
export function useReplayServer(): { readonly current: ReplayServer } {
  let server: ReplayServer | undefined;
  beforeAll(async () => {
    server = await ReplayServer.start();
  });
  afterAll(() => server?.stop());
  return {
    get current() {
      if (!server) throw new Error("The replay server is only available inside tests");
      return server;
    },
  };
}
