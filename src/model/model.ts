import type { FairShare } from "../platform/process/fair-scheduler";
import type { ToolServer } from "./tools/tool-server";

/** A document of the session that a model may answer from. */
export interface ModelDocument {
  readonly id: string;
  readonly filename: string;
}

/** A previous message of the session. */
export interface EarlierMessage {
  readonly role: "USER" | "AGENT";
  readonly text: string;
}

/** The paths of the index files that `DocumentReader` wrote, by document id. */
export type IndexPaths = ReadonlyMap<string, string>;

export interface ModelSettings {
  /** 0 to 2; null for the provider's default. */
  readonly temperature: number | null;
  /** null for the provider's default. */
  readonly maxOutputTokens: number | null;
  /** For the whole answer. */
  readonly timeoutSeconds: number;
}

/** Token counts as the model's provider reports them, or as they are estimated. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  /** Whether some of them are estimated, because the provider has not reported them. */
  readonly estimated?: boolean;
}

export interface ModelRequest {
  /** Whose turn searches take. */
  readonly share: FairShare;
  /** The agent's instructions, which come before the conversation. */
  readonly instructions: string;
  /** The user's message. */
  readonly text: string;
  /** Reads the previous messages of the session, oldest first. */
  readonly earlier: () => Promise<readonly EarlierMessage[]>;
  readonly documents: readonly ModelDocument[];
  /** Keeps the documents' indexes on disk for the duration of a search. */
  readonly withIndexes: <Result>(
    search: (paths: IndexPaths) => Promise<Result>,
    signal: AbortSignal,
  ) => Promise<Result>;
  readonly settings: ModelSettings;
  readonly tools: readonly ToolServer[];
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
}

/** A tool call or its result. */
export type ToolChunk = { readonly callId: string; readonly name: string } & (
  | { readonly kind: "tool call"; /** As JSON. */ readonly arguments: string }
  | { readonly kind: "tool result"; readonly result: string; readonly isError: boolean }
);

/** One element of the stream that an answer is. A usage chunk has the totals of the answer so far. */
export type ModelChunk =
  | { readonly kind: "text"; readonly text: string }
  /** Reasoning comes before the answer and is not part of it. */
  | { readonly kind: "reasoning"; readonly text: string }
  /** The text so far is void: it was reasoning, as only its end has shown. */
  | { readonly kind: "retraction" }
  | ToolChunk
  | { readonly kind: "usage"; readonly usage: TokenUsage }
  | {
      readonly kind: "citation";
      readonly documentId: string;
      /** Verbatim. */
      readonly quote: string;
      /** Counts from 1; null if the format has no pages. */
      readonly page: number | null;
    };

export interface Model {
  /**
   * The answer's text is the concatenation of its text chunks.
   *
   * @throws {ModelError} if the caller may see the message; any other error is masked
   */
  answer(request: ModelRequest): AsyncIterable<ModelChunk>;
}

/** The error codes of runs whose model could not answer. */
export type ModelErrorCode =
  /** The provider can't be reached, or can't answer now. */
  | "MODEL_UNAVAILABLE"
  /** The answer took longer than the agent's timeout. */
  | "MODEL_TIMEOUT"
  /** The provider refused the request by an HTTP status, also for an unknown model, or a content filter blocked it. */
  | "MODEL_REJECTED"
  /** The model's address is not allowed. */
  | "MODEL_ADDRESS_REFUSED"
  | "MODEL_OUTPUT_TOO_LONG"
  /** The answer is complete and has no text. */
  | "MODEL_OUTPUT_EMPTY"
  /** The provider's response can't be parsed, or the server has a bug. */
  | "MODEL_FAILED"
  | "DOCUMENTS_TOO_LARGE"
  /** A tool server can't be used. */
  | "TOOLS_UNAVAILABLE"
  /** The model called tools in each step that a run may have. */
  | "TOOL_STEPS_EXCEEDED";

/** Why a model could not answer. The message becomes part of the run's `error`. */
export class ModelError extends Error {
  constructor(
    readonly code: ModelErrorCode,
    message: string,
  ) {
    super(message);
    this.name = "ModelError";
  }
}
