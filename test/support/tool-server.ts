import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const text = (said: string) => ({ content: [{ type: "text" as const, text: said }] });

/** A real MCP server, by the protocol's own library, and beside it some that do not keep to it. */
export class ToolServer {
  /** The tools that were called, with what they were given. */
  readonly calls: { name: string; input: any }[] = [];
  /** What was sent to which path. */
  readonly requests: string[] = [];
  /** Whether the call of `sleep` was closed by who called. */
  asleep: Promise<boolean> = Promise.resolve(false);
  private readonly sessions = new Map<string, StreamableHTTPServerTransport>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  static async start(): Promise<ToolServer> {
    const started = new ToolServer();
    await new Promise<void>((resolve) => started.server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = "/mcp"): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Of clients that have not said good-bye. */
  get openSessions(): number {
    return this.sessions.size;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = "", method = "" } = request;
    this.requests.push(`${method} ${url}`);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body: unknown = parts.length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString());
    switch (url) {
      case "/redirect":
        response.writeHead(307, { location: "/mcp" }).end();
        return;
      case "/500":
        response.writeHead(500).end("swordfish");
        return;
      case "/mute":
        return;
      case "/endless":
        response.writeHead(200, { "content-type": "application/json" });
        response.write("[");
        response.on("drain", () => more());
        more();
        return;
      default:
        await this.speak(request, response, body);
    }
    function more(): void {
      while (!response.destroyed && response.write("1,\n".repeat(20_000)));
    }
  }

  private async speak(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = request.headers["mcp-session-id"];
    let transport = typeof id === "string" ? this.sessions.get(id) : undefined;
    if (!transport) {
      const made = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (session) => void this.sessions.set(session, made),
        onsessionclosed: (session) => void this.sessions.delete(session),
      });
      await this.tools(request.url ?? "").connect(made);
      transport = made;
    }
    if (JSON.stringify(body ?? {}).includes('"name":"sleep"')) {
      this.asleep = new Promise((resolve) => response.on("close", () => resolve(!response.writableFinished)));
    }
    await transport.handleRequest(request, response, body);
  }

  private tools(path: string): McpServer {
    const server = new McpServer({ name: "test", version: "1" });
    const add = (name: string, answer: (input: any) => any, description = `The tool ${name}.`) =>
      server.registerTool(
        name,
        { description, inputSchema: z.looseObject({ city: z.string().optional() }) },
        (input) => {
          this.calls.push({ name, input });
          return answer(input);
        },
      );
    if (path === "/many") {
      for (let i = 0; i < 3_000; i++) add(`tool_${i}`, () => text(String(i)));
      return server;
    }
    if (path === "/other") {
      add("time", () => text("It is noon."));
      add("weather", () => text("The other weather."));
      return server;
    }
    add("weather", ({ city }) => text(`It rains in ${city}.`));
    add("secret", () => text("Nobody may call this."));
    add("wordy", () => text("So many words."), "swordfish ".repeat(10_000));
    add("broken", () => ({ ...text("The thermometer is broken."), isError: true }));
    add("throwing", () => {
      throw new Error("The tool threw.");
    });
    add("long", () => text("x".repeat(60_000)));
    add("picture", () => ({ content: [{ type: "image", data: "AAAA", mimeType: "image/png" }] }));
    add("sleep", () => new Promise(() => undefined));
    return server;
  }
}

/** Starts a server of tools before the tests of a file, and stops it after them. */
export function useToolServer(): { readonly current: ToolServer } {
  let server: ToolServer | undefined;
  beforeAll(async () => {
    server = await ToolServer.start();
  });
  afterAll(() => server?.stop());
  return {
    get current() {
      if (!server) throw new Error("The server is there once the tests run");
      return server;
    },
  };
}
