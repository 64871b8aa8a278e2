import { createMCPClient, type ListToolsResult, type MCPClient } from "@ai-sdk/mcp";
import { limitResponse, ResponseTooLargeError } from "../../platform/outbound/response-limit";
import type { Fetch } from "../../platform/outbound/fetch";
import { OutboundRefusedError } from "../../platform/outbound/outbound";
import { causesOf } from "../../platform/process/error-causes";
import { answerOf, failed } from "./tool-answer";
import { type ToolAnswer, type ToolServer, ToolsUnavailableError } from "./tool-server";

/** How long a server may take until its tools are known, one call of a tool, and to say good-bye, in milliseconds. */
const openTimeoutMs = 10_000;
const callTimeoutMs = 30_000;
const closeTimeoutMs = 2_000;

/** Tools are listed in pages, and who lists without end is left. */
const maxPages = 20;
/** Of a tool's name, description and schema together, as JSON. */
const maxDefinitionChars = 50_000;
const maxResponseBytes = { maxBytes: 4 * 1_024 * 1_024, maxLineBytes: 1_024 * 1_024 };

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
    const within = AbortSignal.any([signal, breaking.signal, AbortSignal.timeout(openTimeoutMs)]);
    let client: MCPClient | undefined;
    try {
      client = await createMCPClient({
        transport: { type: "http", url, fetch: guarded(fetch), redirect: "error" },
        initializationOptions: { signal: within },
        clientName: "latchkey",
        maxRetries: 0,
        // What is wrong with a stream is told here alone, and not to who waits for its answer.
        onUncaughtError: (error) => {
          if (causesOf(error).some((each) => each instanceof ResponseTooLargeError)) breaking.abort(error);
        },
      });
      return new McpServer(await allowedOf(client, allow, host, within), client, breaking.signal);
    } catch (error) {
      void client?.close().catch(() => undefined);
      signal.throwIfAborted();
      if (error instanceof ToolsUnavailableError) throw error;
      throw unavailable(host, causesOf(error));
    }
  }

  /** @throws whatever the signal was given with, where it was given, and nothing else */
  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolAnswer> {
    const tooLong = AbortSignal.timeout(callTimeoutMs);
    const abortSignal = AbortSignal.any([signal, tooLong, this.broken]);
    try {
      const tools = this.client.toolsFromDefinitions({ tools: [...this.definitions] });
      return answerOf(await tools[name]?.execute(input, { abortSignal, toolCallId: "", messages: [] }));
    } catch (error) {
      signal.throwIfAborted();
      if (tooLong.aborted) return failed(`The tool did not answer within ${callTimeoutMs / 1_000} s.`);
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
  for (let page = 0; page < maxPages && found.size < allow.length; page++) {
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
    if (!tool) throw new ToolsUnavailableError(`The tool server ${host} has no tool ${name}.`);
    const { description, inputSchema } = tool;
    if (JSON.stringify({ name, description, inputSchema }).length > maxDefinitionChars) {
      throw new ToolsUnavailableError(`The tool ${name} of ${host} has a description that is too long.`);
    }
  }
  return [...found.values()];
}

/** Without the stream by which a server may speak unasked, and with a bound on what it answers. */
function guarded(fetch: Fetch): Fetch {
  return async (input, init) => {
    if (init?.method === "GET") return new Response(null, { status: 405 });
    const more = init?.method === "DELETE" ? { signal: AbortSignal.timeout(closeTimeoutMs) } : {};
    const { body, status, statusText, headers } = await fetch(input, { ...init, ...more });
    return new Response(body && body.pipeThrough(limitResponse(maxResponseBytes)), { status, statusText, headers });
  };
}

function unavailable(host: string, causes: readonly unknown[]): ToolsUnavailableError {
  if (causes.some((each) => each instanceof OutboundRefusedError)) {
    return new ToolsUnavailableError(
      `The tool server ${host} is at an address that may not be called. The operator can allow it by MODEL_ALLOWED_HOSTS.`,
    );
  }
  const status = causes.map((each) => (each as { statusCode?: unknown }).statusCode).find((each) => each !== undefined);
  return new ToolsUnavailableError(
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
