import { createMCPClient, type ListToolsResult, type MCPClient } from "@ai-sdk/mcp";
import { limitResponse, ResponseTooLargeError } from "../../platform/outbound/response-limit";
import type { Fetch } from "../../platform/outbound/fetch";
import { OutboundRefusedError } from "../../platform/outbound/outbound";
import { causesOf } from "../../platform/process/error-causes";
import { parseToolResult, toolError } from "./tool-result";
import { type ToolResult, type ToolServer, ToolsUnavailableError } from "./tool-server";

export interface ToolTimings {
  /** For connecting and listing the tools. */
  readonly openTimeoutMs: number;
  readonly callTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

const methodNotAllowed = 405;

/** Of the list of tools; a server could return pages forever. */
const maxPages = 20;
/** For a tool's name, description and schema together, as JSON. */
const maxDefinitionChars = 50_000;
const maxResponseBytes = { maxBytes: 4 * 1_024 * 1_024, maxLineBytes: 1_024 * 1_024 };

type Definition = ListToolsResult["tools"][number];

/** A connection to an MCP server over the Streamable HTTP transport, for one run. */
export class McpServer {
  private constructor(
    readonly definitions: readonly Definition[],
    private readonly client: MCPClient,
    private readonly broken: AbortSignal,
    private readonly timings: ToolTimings,
  ) {}

  /**
   * @throws {ToolsUnavailableError} if the server can't be reached, refuses, or lacks an allowed tool
   * @throws the signal's reason if it is aborted
   */
  static async open(
    { url, allow }: ToolServer,
    fetch: Fetch,
    timings: ToolTimings,
    signal: AbortSignal,
  ): Promise<McpServer> {
    const { host } = new URL(url);
    const broken = new AbortController();
    const openSignal = AbortSignal.any([signal, broken.signal, AbortSignal.timeout(timings.openTimeoutMs)]);
    let client: MCPClient | undefined;
    try {
      client = await createMCPClient({
        transport: { type: "http", url, fetch: restricted(fetch, timings), redirect: "error" },
        initializationOptions: { signal: openSignal },
        clientName: "latchkey",
        maxRetries: 0,
        // The client reports an error of a stream only here, and does not reject the requests that wait for it.
        onUncaughtError: (error) => {
          if (causesOf(error).some((each) => each instanceof ResponseTooLargeError)) broken.abort(error);
        },
      });
      return new McpServer(await listAllowed(client, allow, host, openSignal), client, broken.signal, timings);
    } catch (error) {
      void client?.close().catch(() => undefined);
      signal.throwIfAborted();
      if (error instanceof ToolsUnavailableError) throw error;
      throw unavailable(host, causesOf(error));
    }
  }

  /**
   * Reports failures to the model as results.
   *
   * @throws the signal's reason if it is aborted, and nothing else
   */
  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolResult> {
    const { callTimeoutMs } = this.timings;
    const timeout = AbortSignal.timeout(callTimeoutMs);
    const abortSignal = AbortSignal.any([signal, timeout, this.broken]);
    try {
      const tools = this.client.toolsFromDefinitions({ tools: [...this.definitions] });
      return parseToolResult(await tools[name]?.execute(input, { abortSignal, toolCallId: "", messages: [] }));
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) return toolError(`The tool did not respond within ${callTimeoutMs / 1_000} s.`);
      return toolError(messageOf(error) ?? "The tool's server can't be reached, or the connection to it broke.");
    }
  }

  /** Ends the session on the server too, and does not wait for that. */
  close(): void {
    void this.client.close().catch(() => undefined);
  }
}

/** @throws {ToolsUnavailableError} if a tool is missing or its definition is too long */
async function listAllowed(
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
      throw new ToolsUnavailableError(
        `The definition of the tool ${name} of ${host} is too long. It may have at most ${maxDefinitionChars.toLocaleString("en")} characters.`,
      );
    }
  }
  return [...found.values()];
}

/** Refuses the stream of server-initiated messages (GET), limits responses, and ends the session (DELETE) in limited time. */
function restricted(fetch: Fetch, { closeTimeoutMs }: ToolTimings): Fetch {
  return async (input, init) => {
    if (init?.method === "GET") return new Response(null, { status: methodNotAllowed });
    const timeout = init?.method === "DELETE" ? { signal: AbortSignal.timeout(closeTimeoutMs) } : {};
    const { body, status, statusText, headers } = await fetch(input, { ...init, ...timeout });
    return new Response(body && body.pipeThrough(limitResponse(maxResponseBytes)), { status, statusText, headers });
  };
}

function unavailable(host: string, causes: readonly unknown[]): ToolsUnavailableError {
  if (causes.some((each) => each instanceof OutboundRefusedError)) {
    return new ToolsUnavailableError(
      `The address of the tool server ${host} is not allowed. The operator can allow it in MODEL_ALLOWED_HOSTS.`,
    );
  }
  const status = causes.map((each) => (each as { statusCode?: unknown }).statusCode).find((each) => each !== undefined);
  return new ToolsUnavailableError(
    typeof status === "number"
      ? `The tool server ${host} answered with status ${status}.`
      : `The tool server ${host} can't be reached, or does not speak MCP.`,
  );
}

/** @returns undefined if the error is neither a protocol error nor an HTTP status */
function messageOf(error: unknown): string | undefined {
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
  if (typeof statusCode === "number") return `The tool's server answered with status ${statusCode}.`;
  return typeof code === "number" && typeof message === "string"
    ? parseToolResult({ content: [{ type: "text", text: message }] }).text
    : undefined;
}
