import type { ToolServer } from "./tools/tool-server";

/** A document of the session that a model may answer from. */
export interface ModelDocument {
  readonly id: string;
  readonly filename: string;
}

/** The files that `Reader` has written the indexes of documents to, by the documents' ids. */
export type IndexPaths = ReadonlyMap<string, string>;

/** How an agent wants to be answered. */
export interface ModelSettings {
  /** 0 to 2; as the provider has it where null. */
  readonly temperature: number | null;
  /** As the provider has it where null. */
  readonly maxOutputTokens: number | null;
  /** For all of the answer. */
  readonly timeoutSeconds: number;
}

/** Tokens, as the model's provider counted them. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
}

/** What a model is asked. */
export interface ModelRequest {
  /** What the agent is told before the conversation. */
  readonly instructions: string;
  /** What the user says. */
  readonly text: string;
  /** What was said before in the session, oldest first. */
  readonly earlier: readonly { readonly role: "USER" | "AGENT"; readonly text: string }[];
  readonly documents: readonly ModelDocument[];
  /** Lends the documents' indexes to a search, for as long as it takes. */
  readonly withIndexes: <Result>(
    search: (paths: IndexPaths) => Promise<Result>,
    signal: AbortSignal,
  ) => Promise<Result>;
  readonly settings: ModelSettings;
  /** Whose tools it may use. */
  readonly tools: readonly ToolServer[];
  /** Given when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

/** A call of a tool, or what came of it. */
export type ToolChunk = { readonly callId: string; readonly name: string } & (
  | { readonly kind: "tool call"; /** As JSON. */ readonly arguments: string }
  | { readonly kind: "tool result"; readonly result: string; readonly isError: boolean }
);

/**
 * The next piece of an answer's text, a call of a tool and what came of it, a passage that the answer rests on, or what it
 * took so far.
 */
export type ModelChunk =
  | { readonly kind: "text"; readonly text: string }
  | ToolChunk
  | { readonly kind: "usage"; readonly usage: TokenUsage }
  | {
      readonly kind: "citation";
      readonly documentId: string;
      /** Word for word. */
      readonly quote: string;
      /** From 1, where the format has pages. */
      readonly page: number | null;
    };

/** What answers. Its text is the pieces' texts put together. */
export interface Model {
  /** @throws ModelFailed where it has something to say to the caller; anything else is masked */
  answer(request: ModelRequest): AsyncIterable<ModelChunk>;
}

/** What runs fail with where the model could not answer. */
export type ModelErrorCode =
  /** It can't be reached or can't answer now. */
  | "MODEL_UNAVAILABLE"
  /** It took longer than the agent allows. */
  | "MODEL_TIMEOUT"
  /** It doesn't answer this: a status of HTTP that says so, or a filter. */
  | "MODEL_REJECTED"
  /** It is where models may not be called. */
  | "MODEL_ADDRESS_REFUSED"
  /** It didn't come to an end. */
  | "MODEL_OUTPUT_TOO_LONG"
  /** It said what can't be understood, or the fault is ours. */
  | "MODEL_FAILED"
  | "DOCUMENTS_TOO_LARGE"
  /** A server of its tools can't be used. */
  | "TOOLS_UNAVAILABLE"
  /** It went on calling tools. */
  | "TOOL_STEPS_EXCEEDED";

/** Why a model could not answer, for the run's `error`. */
export class ModelError extends Error {
  constructor(
    readonly code: ModelErrorCode,
    message: string,
  ) {
    super(message);
    this.name = "ModelFailed";
  }
}
