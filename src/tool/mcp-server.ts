import { createMCPClient, type ListToolsResult, type MCPClient } from "@ai-sdk/mcp";
import { bounded, ResponseTooLarge } from "../outbound/bounded-body";
import type { Fetch } from "../outbound/fetch";
import { OutboundRefused } from "../outbound/outbound";
import { answerOf, failed } from "./tool-answer";
import { type ToolAnswer, type ToolServer, ToolsUnavailable } from "./tool-server";

/** How long a server may take until its tools are known, one call of a tool, and to say good-bye, in milliseconds. */
const openingTime = 10_000;
const callTime = 30_000;
const closingTime = 2_000;

/** Tools are listed in pages, and who lists without end is left. */
const mostPages = 20;
/** Of a tool's name, description and schema together, as JSON. */
const longestDefinition = 50_000;
const largestResponse = { maxBytes: 4 * 1_024 * 1_024, maxLineBytes: 1_024 * 1_024 };

type Definition = ListToolsResult["tools"][number];

/** A connection to an MCP server by "streamable HTTP", for one run. */
export class McpServer {
  private constructor(
    readonly definitions: readonly Definition[],
    private readonly client: MCPClient,
    private readonly broken: AbortSignal,
  ) {}

  /** @throws ToolsUnavailable; whatever the signal was given with, where it was given */
  static async open({ url, allow }: ToolServer, fetch: Fetch, signal: AbortSignal): Promise<McpServer> {
    const { host } = new URL(url);
    const breaking = new AbortController();
    const within = AbortSignal.any([signal, breaking.signal, AbortSignal.timeout(openingTime)]);
    let client: MCPClient | undefined;
    try {
      client = await createMCPClient({
        transport: { type: "http", url, fetch: guarded(fetch), redirect: "error" },
        initializationOptions: { signal: within },
        clientName: "latchkey",
        maxRetries: 0,
        // What is wrong with a stream is told here alone, and not to who waits for its answer.
        onUncaughtError: (error) => {
          if (causesOf(error).some((each) => each instanceof ResponseTooLarge)) breaking.abort(error);
        },
      });
      return new McpServer(await allowedOf(client, allow, host, within), client, breaking.signal);
    } catch (error) {
      void client?.close().catch(() => undefined);
      signal.throwIfAborted();
      if (error instanceof ToolsUnavailable) throw error;
      throw unavailable(host, causesOf(error));
    }
  }

  /** @throws whatever the signal was given with, where it was given, and nothing else */
  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolAnswer> {
    const tooLong = AbortSignal.timeout(callTime);
    const abortSignal = AbortSignal.any([signal, tooLong, this.broken]);
    try {
      const tools = this.client.toolsFromDefinitions({ tools: [...this.definitions] });
      return answerOf(await tools[name]?.execute(input, { abortSignal, toolCallId: "", messages: [] }));
    } catch (error) {
      signal.throwIfAborted();
      if (tooLong.aborted) return failed(`The tool did not answer within ${callTime / 1_000} s.`);
      return failed(told(error) ?? "The tool can't be reached, or its connection broke.");
    }
  }

  /** Ends the session at the server too, without waiting for it. */
  close(): void {
    void this.client.close().catch(() => undefined);
  }
}

async function allowedOf(
  client: MCPClient,
  allow: readonly string[],
  host: string,
  signal: AbortSignal,
): Promise<Definition[]> {
  const found = new Map<string, Definition>();
  let cursor: string | undefined;
  for (let page = 0; page < mostPages && found.size < allow.length; page++) {
    const { tools, nextCursor } = await client.listTools({
      ...(cursor !== undefined && { params: { cursor } }),
      options: { signal },
    });
    for (const tool of tools) if (allow.includes(tool.name) && !found.has(tool.name)) found.set(tool.name, tool);
    if (nextCursor === undefined) break;
    cursor = nextCursor;
  }
  for (const name of allow) {
    const tool = found.get(name);
    if (!tool) throw new ToolsUnavailable(`The tool server ${host} has no tool ${name}.`);
    const { description, inputSchema } = tool;
    if (JSON.stringify({ name, description, inputSchema }).length > longestDefinition) {
      throw new ToolsUnavailable(`The tool ${name} of ${host} has a description that is too long.`);
    }
  }
  return [...found.values()];
}

/** Without the stream by which a server may speak unasked, and with a bound on what it answers. */
function guarded(fetch: Fetch): Fetch {
  return async (input, init) => {
    if (init?.method === "GET") return new Response(null, { status: 405 });
    const more = init?.method === "DELETE" ? { signal: AbortSignal.timeout(closingTime) } : {};
    const { body, status, statusText, headers } = await fetch(input, { ...init, ...more });
    return new Response(body && body.pipeThrough(bounded(largestResponse)), { status, statusText, headers });
  };
}

function unavailable(host: string, causes: readonly unknown[]): ToolsUnavailable {
  if (causes.some((each) => each instanceof OutboundRefused)) {
    return new ToolsUnavailable(
      `The tool server ${host} is at an address that may not be called. The operator can allow it by MODEL_ALLOWED_HOSTS.`,
    );
  }
  const status = causes.map((each) => (each as { statusCode?: unknown }).statusCode).find((each) => each !== undefined);
  return new ToolsUnavailable(
    typeof status === "number"
      ? `The tool server ${host} answered with status ${status}.`
      : `The tool server ${host} can't be reached, or does not speak MCP.`,
  );
}

/** What a server says of a call that it refuses, by the protocol or by HTTP. */
function told(error: unknown): string | undefined {
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
  if (typeof statusCode === "number") return `The tool's server answered with status ${statusCode}.`;
  return typeof code === "number" && typeof message === "string"
    ? answerOf({ content: [{ type: "text", text: message }] }).text
    : undefined;
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let each = error; each != null && chain.length < 10; each = (each as { cause?: unknown }).cause)
    chain.push(each);
  return chain;
}
