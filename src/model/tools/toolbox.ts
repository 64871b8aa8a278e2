import { context } from "@opentelemetry/api";
import type { Fetch } from "../../platform/outbound/fetch";
import { SpanKind, WorkSpan } from "../../platform/tracing/work-span";
import type { Definition, McpServer, ToolTimings } from "./mcp-server";
import { toolError } from "./tool-result";
import type { ToolResult, ToolServer } from "./tool-server";

const maxCalls = 50;
const acceptedName = /^(?!__proto__$)[A-Za-z0-9_-]{1,64}$/;
/** Of one call's arguments as JSON. */
export const maxArgumentChars = 50_000;

export interface OfferedTool {
  /** By which the model calls the tool. */
  readonly name: string;
  readonly description: string | undefined;
  readonly inputSchema: object;
}

/** The tools of one run. */
export class Toolbox {
  /** Whether a tool was called, which must not be repeated. */
  wasUsed = false;
  private calls = 0;
  /** The AI SDK calls tools from the callbacks of streams, which know nothing of the run. */
  private readonly parent = context.active();
  private readonly offered: ReadonlyMap<string, { readonly server: McpServer; readonly definition: Definition }>;

  private constructor(private readonly servers: readonly McpServer[]) {
    this.offered = offer(servers);
  }

  /**
   * Connects to the servers in parallel.
   *
   * @throws {ToolsUnavailableError} if one of the servers can't be used
   * @throws the signal's reason if it is aborted
   */
  static async open(
    servers: readonly ToolServer[],
    fetch: Fetch,
    timings: ToolTimings,
    signal: AbortSignal,
  ): Promise<Toolbox> {
    const results = await Promise.allSettled(servers.map((server) => connect(server, fetch, timings, signal)));
    const toolbox = new Toolbox(results.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    const failure = results.find((each) => each.status === "rejected");
    if (!failure) return toolbox;
    toolbox.close();
    throw failure.reason;
  }

  get tools(): OfferedTool[] {
    return [...this.offered].map(([name, { definition }]) => ({
      name,
      description: definition.description,
      inputSchema: definition.inputSchema,
    }));
  }

  /** The name of a tool at its server. @param name by which the model calls it */
  nameOf(name: string): string {
    return this.offered.get(name)?.definition.name ?? name;
  }

  /**
   * Reports failures to the model as results.
   *
   * @throws the signal's reason if it is aborted, and nothing else
   */
  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolResult> {
    const tool = this.offered.get(name);
    if (!tool) return toolError("There is no such tool.");
    if (++this.calls > maxCalls)
      return toolError(`The tool was not called: a run may make at most ${maxCalls} tool calls.`);
    this.wasUsed = true;
    return this.traced(name, () => tool.server.call(tool.definition.name, input, signal));
  }

  /** Arguments and results do not become part of the span. */
  private async traced(name: string, call: () => Promise<ToolResult>): Promise<ToolResult> {
    const span = WorkSpan.start(`tools/call ${name}`, { kind: SpanKind.CLIENT, parent: this.parent });
    span.describe(() => ({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": name,
      "mcp.method.name": "tools/call",
    }));
    try {
      const result = await span.run(call);
      if (result.isError) span.fail("tool_error");
      return result;
    } finally {
      span.end();
    }
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}

/** Providers accept 1 to 64 letters, digits, underscores and hyphens. Names that fit already are kept as they are. */
function offer(servers: readonly McpServer[]) {
  const all = servers.flatMap((server) => server.definitions.map((definition) => ({ server, definition })));
  const fits = ({ definition }: (typeof all)[number]) => acceptedName.test(definition.name);
  const offered = new Map(all.filter(fits).map((tool) => [tool.definition.name, tool]));
  for (const tool of all.filter((each) => !fits(each))) {
    const base = tool.definition.name.replace(/[^A-Za-z0-9_-]/gu, "_").slice(0, 60);
    let name = base;
    for (let i = 2; offered.has(name) || !acceptedName.test(name); i++) name = `${base}_${i}`;
    offered.set(name, tool);
  }
  return offered;
}

/** The MCP client is loaded when it is first used, since most runs use no tools. */
async function connect(
  server: ToolServer,
  fetch: Fetch,
  timings: ToolTimings,
  signal: AbortSignal,
): Promise<McpServer> {
  const { McpServer } = await import("./mcp-server.js");
  return McpServer.open(server, fetch, timings, signal);
}
