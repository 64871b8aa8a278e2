/** A document of the session that a model may answer from. */
export interface ModelDocument {
  readonly id: string;
  readonly filename: string;
  /** The file that `DocumentReader` has written the document's passages to. */
  readonly passagesPath: string;
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
  /** Given when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

/** The next piece of an answer's text, or a passage that the answer rests on. */
export type ModelPiece =
  | { readonly kind: "text"; readonly text: string }
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
  answer(request: ModelRequest): AsyncIterable<ModelPiece>;
}

/** Why a model could not answer, for the run's `error`. */
export class ModelFailed extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ModelFailed";
  }
}
