import type { Fetch } from "../../platform/outbound/fetch";
import type { McpServer, ToolTimings } from "./mcp-server";
import { failed } from "./tool-answer";
import type { ToolAnswer, ToolServer } from "./tool-server";

/** So many calls a run may make, and so long may be what one of them is given, as JSON. */
const maxCalls = 50;
export const maxArgumentChars = 50_000;

/** A tool as a model is told of it. */
export interface OfferedTool {
  readonly name: string;
  readonly description: string | undefined;
  readonly inputSchema: object;
}

/** The tools of one run. */
export class Toolbox {
  /** Whether something was done that must not be done twice. */
  wasUsed = false;
  private calls = 0;

  private constructor(private readonly servers: readonly McpServer[]) {}

  /**
   * Connects to the servers, all at once.
   *
   * @throws ToolsUnavailable where one of them can't be used; whatever the signal was given with, where it was given
   */
  static async open(
    servers: readonly ToolServer[],
    fetch: Fetch,
    timings: ToolTimings,
    signal: AbortSignal,
  ): Promise<Toolbox> {
    const opened = await Promise.allSettled(servers.map((server) => connect(server, fetch, timings, signal)));
    const toolbox = new Toolbox(opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    const failure = opened.find((each) => each.status === "rejected");
    if (!failure) return toolbox;
    toolbox.close();
    throw failure.reason;
  }

  get offered(): OfferedTool[] {
    return this.servers.flatMap(({ definitions }) =>
      definitions.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })),
    );
  }

  /** Never fails but with what the signal was given with: what goes wrong is for the model to hear. */
  async call(name: string, input: unknown, signal: AbortSignal): Promise<ToolAnswer> {
    const server = this.servers.find(({ definitions }) => definitions.some((tool) => tool.name === name));
    if (!server) return failed("There is no such tool.");
    if (++this.calls > maxCalls) return failed(`This was not done: at most ${maxCalls} calls may be made.`);
    this.wasUsed = true;
    return server.call(name, input, signal);
  }

  close(): void {
    for (const server of this.servers) server.close();
  }
}

/** What speaks to tools is loaded where there are tools. */
async function connect(
  server: ToolServer,
  fetch: Fetch,
  timings: ToolTimings,
  signal: AbortSignal,
): Promise<McpServer> {
  const { McpServer } = await import("./mcp-server.js");
  return McpServer.open(server, fetch, timings, signal);
}
