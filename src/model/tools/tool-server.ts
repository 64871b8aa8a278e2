/** An MCP server, and those of its tools that may be used. */
export interface ToolServer {
  readonly url: string;
  readonly allow: readonly string[];
}

/** What all providers take for the name of a tool. */
export const toolNameShape = /^[A-Za-z0-9_-]{1,64}$/;

/** What came of a call, for the model to read. */
export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
}

/** Why tools can't be offered. The message is for the caller. */
export class ToolsUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ToolsUnavailable";
  }
}
