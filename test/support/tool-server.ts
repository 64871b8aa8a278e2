import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

const textResult = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** An MCP server built with the official SDK. Some of its paths violate the protocol. */
export class ToolServer {
  readonly calls: { name: string; input: any }[] = [];
  /** The method and path of each request. */
  readonly requests: string[] = [];
  /** The headers of each request. */
  readonly headers: IncomingMessage["headers"][] = [];
  /** Whether the client closed the connection of the `sleep` call. */
  sleepClosed: Promise<boolean> = Promise.resolve(false);
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

  /** Sessions that their clients have not ended. */
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
    this.headers.push(request.headers);
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body: unknown = parts.length === 0 ? undefined : JSON.parse(Buffer.concat(parts).toString());
    switch (url) {
      case "/500":
        response.writeHead(500).end("swordfish");
        return;
      case "/mute":
        return;
      case "/endless":
        response.writeHead(200, { "content-type": "application/json" });
        response.write("[");
        response.on("drain", () => writeMore());
        writeMore();
        return;
      default:
        await this.handleMcp(request, response, body);
    }
    function writeMore(): void {
      while (!response.destroyed && response.write("1,\n".repeat(20_000)));
    }
  }

  private async handleMcp(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = request.headers["mcp-session-id"];
    let transport = typeof id === "string" ? this.sessions.get(id) : undefined;
    if (!transport) {
      const created = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (session) => void this.sessions.set(session, created),
        onsessionclosed: (session) => void this.sessions.delete(session),
      });
      await this.serverFor(request.url ?? "").connect(created);
      transport = created;
    }
    if (JSON.stringify(body ?? {}).includes('"name":"sleep"')) {
      this.sleepClosed = new Promise((resolve) => response.on("close", () => resolve(!response.writableFinished)));
    }
    await transport.handleRequest(request, response, body);
  }

  private serverFor(path: string): McpServer {
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
      for (let i = 0; i < 3_000; i++) add(`tool_${i}`, () => textResult(String(i)));
      return server;
    }
    if (path === "/other") {
      add("time", () => textResult("It is noon."));
      add("weather", () => textResult("The other weather."));
      return server;
    }
    add("weather", ({ city }) => textResult(`It rains in ${city}.`));
    add("secret", () => textResult("Nobody may call this."));
    add("wordy", () => textResult("Too many words."), "swordfish ".repeat(10_000));
    add("broken", () => ({ ...textResult("The thermometer is broken."), isError: true }));
    add("throwing", () => {
      throw new Error("The tool threw.");
    });
    add("picture", () => ({ content: [{ type: "image", data: "AAAA", mimeType: "image/png" }] }));
    add("sleep", () => new Promise(() => undefined));
    return server;
  }
}

/** Runs a tool server for the tests of a file. */
export function useToolServer(): { readonly current: ToolServer } {
  let server: ToolServer | undefined;
  beforeAll(async () => {
    server = await ToolServer.start();
  });
  afterAll(() => server?.stop());
  return {
    get current() {
      if (!server) throw new Error("The tool server is only available inside tests");
      return server;
    },
  };
}
