import { createMCPClient, type ListToolsResult, type MCPClient } from "@ai-sdk/mcp";
import { ResponseTooLargeError } from "../../platform/outbound/response-limit";
import type { Fetch } from "../../platform/outbound/fetch";
import { OutboundRefusedError } from "../../platform/outbound/outbound";
import { causesOf } from "../../platform/process/error-causes";
import { mcpFetch } from "./mcp-fetch";
import { McpMessages } from "./mcp-messages";
import { parseToolResult, toolError } from "./tool-result";
import { type ToolResult, type ToolServer, ToolsUnavailableError } from "./tool-server";

export interface ToolTimings {
  /** For connecting and listing the tools. */
  readonly openTimeoutMs: number;
  readonly callTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

/** Of the list of tools; a server could return pages forever. */
const maxPages = 20;
/** Of the list for people. */
const maxListedTools = 1_000;
/** For a tool's name, description and schema together, as JSON. */
const maxDefinitionChars = 50_000;

export type Definition = ListToolsResult["tools"][number];

/** A session at an MCP server. */
interface Connection {
  readonly client: MCPClient;
  readonly messages: McpMessages;
  /** Aborted if a stream fails, which the client does not report to the requests that wait for it. */
  readonly broken: AbortSignal;
}

/** An MCP server over the Streamable HTTP transport, for one run. */
export class McpServer {
  private constructor(
    readonly definitions: readonly Definition[],
    private connection: Promise<Connection>,
    private readonly connect: (signal: AbortSignal) => Promise<Connection>,
    private readonly timings: ToolTimings,
  ) {}

  /**
   * @param which which tools to list; "all tools" are for people to see, not to call
   * @throws {ToolsUnavailableError} if the server can't be reached, refuses, or lacks an allowed tool
   * @throws the signal's reason if it is aborted
   */
  static async open(
    server: ToolServer,
    fetch: Fetch,
    timings: ToolTimings,
    signal: AbortSignal,
    which: "allowed tools" | "all tools" = "allowed tools",
  ): Promise<McpServer> {
    const label = server.name ?? new URL(server.url).host;
    const connect = (openSignal: AbortSignal) => openConnection(server, label, fetch, timings, openSignal);
    let connection: Connection | undefined;
    try {
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(timings.openTimeoutMs)]);
      connection = await connect(timeout);
      const list = (opened: Connection) => {
        const listSignal = AbortSignal.any([timeout, opened.broken]);
        return which === "all tools"
          ? listAll(opened.client, listSignal)
          : listAllowed(opened, server.allow, label, listSignal);
      };
      const definitions = await list(connection).catch(async (error: unknown) => {
        if (!isSessionLost(error)) throw error;
        void connection?.client.close().catch(() => undefined);
        connection = await connect(timeout);
        return list(connection);
      });
      return new McpServer(definitions, Promise.resolve(connection), connect, timings);
    } catch (error) {
      void connection?.client.close().catch(() => undefined);
      signal.throwIfAborted();
      if (error instanceof ToolsUnavailableError) throw error;
      throw unavailable(label, causesOf(error));
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
    const either = AbortSignal.any([signal, timeout]);
    const { connection } = this;
    try {
      return await this.callAt(await connection, name, input, either).catch(async (error: unknown) => {
        if (!isSessionLost(error)) throw error;
        return this.callAt(await this.reconnect(connection, either), name, input, either);
      });
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted) return toolError(`The tool did not respond within ${callTimeoutMs / 1_000} s.`);
      return toolError(messageOf(error) ?? "The tool's server can't be reached, or the connection to it broke.");
    }
  }

  /** Ends the session on the server too, and does not wait for that. */
  close(): void {
    this.connection.then(({ client }) => client.close()).catch(() => undefined);
  }

  private async callAt(
    { client, broken }: Connection,
    name: string,
    input: unknown,
    signal: AbortSignal,
  ): Promise<ToolResult> {
    const definitions = this.definitions.filter((each) => each.name === name);
    const options = { abortSignal: AbortSignal.any([signal, broken]), toolCallId: "", messages: [] };
    const result = await client.toolsFromDefinitions({ tools: definitions })[name]?.execute(input, options);
    return parseToolResult((result as { toolResult?: unknown } | undefined)?.toolResult);
  }

  /** Calls that lose the same session share the new one. */
  private reconnect(lost: Promise<Connection>, signal: AbortSignal): Promise<Connection> {
    if (this.connection !== lost) return this.connection;
    const opened = this.connect(signal);
    this.connection = opened;
    opened.catch(() => (this.connection = lost));
    return opened;
  }
}

async function openConnection(
  server: ToolServer,
  label: string,
  fetch: Fetch,
  timings: ToolTimings,
  signal: AbortSignal,
): Promise<Connection> {
  const broken = new AbortController();
  const messages = new McpMessages();
  const client = await createMCPClient({
    transport: {
      type: "http",
      url: server.url,
      fetch: mcpFetch(fetch, timings.closeTimeoutMs, server, label, messages),
      redirect: "error",
    },
    initializationOptions: { signal: AbortSignal.any([signal, broken.signal]) },
    clientName: "latchkey",
    maxRetries: 0,
    onUncaughtError: (error) => {
      if (causesOf(error).some((each) => each instanceof ResponseTooLargeError)) broken.abort(error);
    },
  });
  return { client, messages, broken: broken.signal };
}

/** Not Found, Gone. */
const lostStatuses: ReadonlySet<unknown> = new Set([404, 410]);
/** The code of JSON-RPC for a session that is not known, and for a request that has timed out. */
const sessionNotFound = -32_001;
const ofSession = /session|not initialized/i;

/** Servers answer so to a session that they do not know, without having made the call. */
function isSessionLost(error: unknown): boolean {
  const { statusCode, responseBody, code, message } = error as Readonly<Record<string, unknown>>;
  return (
    lostStatuses.has(statusCode) ||
    (statusCode === 400 && ofSession.test(String(responseBody))) ||
    (code === sessionNotFound && ofSession.test(String(message)))
  );
}

/** @throws {ToolsUnavailableError} if a tool is missing or its definition is too long */
async function listAllowed(
  { client, messages }: Connection,
  allow: readonly string[],
  label: string,
  signal: AbortSignal,
): Promise<Definition[]> {
  const found = new Map<string, Definition>();
  for await (const tools of pagesOf(client, signal)) {
    for (const tool of tools) if (allow.includes(tool.name) && !found.has(tool.name)) found.set(tool.name, tool);
    if (found.size === allow.length) break;
  }
  for (const name of allow) {
    const tool = found.get(name);
    if (!tool) {
      throw new ToolsUnavailableError(
        messages.faultyTools.has(name)
          ? `The definition of the tool ${name} of ${label} is not valid: its \`inputSchema\` is not the schema of an object.`
          : `The tool server ${label} has no tool ${name}.`,
      );
    }
    const { description, inputSchema } = tool;
    if (JSON.stringify({ name, description, inputSchema }).length > maxDefinitionChars) {
      throw new ToolsUnavailableError(
        `The definition of the tool ${name} of ${label} is too long. It may have at most ${maxDefinitionChars.toLocaleString("en")} characters.`,
      );
    }
  }
  return [...found.values()];
}

async function listAll(client: MCPClient, signal: AbortSignal): Promise<Definition[]> {
  const found: Definition[] = [];
  for await (const tools of pagesOf(client, signal)) {
    found.push(...tools);
    if (found.length >= maxListedTools) break;
  }
  return found;
}

/** The pages of the list of tools. */
async function* pagesOf(client: MCPClient, signal: AbortSignal): AsyncGenerator<Definition[]> {
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const { tools, nextCursor } = await client.listTools({
      ...(cursor !== undefined && { params: { cursor } }),
      options: { signal },
    });
    yield tools;
    if (nextCursor === undefined) return;
    cursor = nextCursor;
  }
}

function unavailable(label: string, causes: readonly unknown[]): ToolsUnavailableError {
  if (causes.some((each) => each instanceof OutboundRefusedError)) {
    return new ToolsUnavailableError(
      `The address of the tool server ${label} is not allowed. The operator can allow it in TOOL_ALLOWED_HOSTS.`,
    );
  }
  const version = causes.map(unsupportedVersionOf).find((each) => each !== undefined);
  if (version !== undefined) {
    return new ToolsUnavailableError(
      `The tool server ${label} speaks the version \`${version}\` of MCP, which is not supported.`,
    );
  }
  const status = causes.map((each) => (each as { statusCode?: unknown }).statusCode).find((each) => each !== undefined);
  return new ToolsUnavailableError(
    typeof status === "number" && status >= 300
      ? `The tool server ${label} answered with status ${status}.`
      : `The tool server ${label} can't be reached, or does not speak MCP.`,
  );
}

/** The version of MCP that the client refuses, if that is the error. */
function unsupportedVersionOf(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : "";
  return /^Server's protocol version is not supported: ([\w.-]{1,32})$/.exec(message)?.[1];
}

/** @returns undefined if the error is neither a protocol error nor an HTTP status */
function messageOf(error: unknown): string | undefined {
  if (causesOf(error).some((each) => each instanceof ResponseTooLargeError)) {
    return "The tool's result was omitted because it is too large.";
  }
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: unknown };
  if (typeof statusCode === "number") return `The tool's server answered with status ${statusCode}.`;
  return typeof code === "number" && typeof message === "string"
    ? parseToolResult({ content: [{ type: "text", text: message }] }).text
    : undefined;
}
