import type { Fetch } from "../../platform/outbound/fetch";
import type { ToolTimings } from "./mcp-server";
import type { ToolServer } from "./tool-server";

export interface ListedTool {
  readonly name: string;
  readonly description?: string | undefined;
}

/**
 * The tools that a server offers.
 *
 * @throws {ToolsUnavailableError} if the server can't be reached or refuses
 */
export async function listTools(
  server: ToolServer,
  fetch: Fetch,
  timings: ToolTimings,
  signal: AbortSignal,
): Promise<readonly ListedTool[]> {
  // Loaded when it is first used, since most servers use no tools.
  const { McpServer } = await import("./mcp-server.js");
  const opened = await McpServer.open(server, fetch, timings, signal, "all tools");
  opened.close();
  return opened.definitions;
}
