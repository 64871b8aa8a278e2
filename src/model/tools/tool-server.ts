/** An MCP server, and the tools of it that may be called. */
export interface ToolServer {
  /** The name that the app gives the server, for messages; undefined: its host. */
  readonly name?: string;
  readonly url: string;
  /** Sent with each request to the origin of the URL, and to no other. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly allow: readonly string[];
}

/** The names that agents may give. Providers accept fewer, see Toolbox. */
export const toolNamePattern = /^[^\s\p{Cc}\p{Cs}]{1,64}$/u;

export interface ToolImage {
  /** As base64. */
  readonly data: string;
  readonly mediaType: string;
}

/** The result of a tool call, for the model to read. */
export interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
  /** For models that take images as results. */
  readonly images?: readonly ToolImage[];
}

/** Why tools can't be offered. The message is for the caller. */
export class ToolsUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ToolsUnavailableError";
  }
}
