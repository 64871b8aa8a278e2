import type { Fetch } from "../../platform/outbound/fetch";
import type { McpServer, ToolTimings } from "./mcp-server";
import { toolError } from "./tool-result";
import type { ToolResult, ToolServer } from "./tool-server";

const maxCalls = 50;
/** Of one call's arguments as JSON. */
export const maxArgumentChars = 50_000;

export interface OfferedTool {
  readonly name: string;
  readonly description: string | undefined;
  readonly inputSchema: object;
}

/** The tools of one run. */
export class Toolbox {
  /** Whether a tool was called, which must not be repeated. */
  wasUsed = false;
  private calls = 0;

  private constructor(private readonly servers: readonly McpServer[]) {}

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
    return this.servers.flatMap(({ definitions }) =>
      definitions.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })),
    );
  }

  /**
   * Reports failures to the model as results.
   *
   * @throws the signal's reason if it is aborted, and nothing else
   */
  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolResult> {
    const server = this.servers.find(({ definitions }) => definitions.some((tool) => tool.name === name));
    if (!server) return toolError("There is no such tool.");
    if (++this.calls > maxCalls)
      return toolError(`The tool was not called: a run may make at most ${maxCalls} tool calls.`);
    this.wasUsed = true;
    return server.call(name, input, signal);
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
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
