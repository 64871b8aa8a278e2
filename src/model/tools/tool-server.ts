/** An MCP server, and the tools of it that may be called. */
export interface ToolServer {
  readonly url: string;
  readonly allow: readonly string[];
}

/** The names that all providers accept for a tool. */
export const toolNamePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** The result of a tool call, for the model to read. */
export interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
}

/** Why tools can't be offered. The message is for the caller. */
export class ToolsUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ToolsUnavailableError";
  }
}
