import type { ModelChunk, TokenUsage } from "../../../model/model";
import type { ClaimedRun, RunStore } from "./run-store";
import { OutputBuffer } from "./output-buffer";

type CitationChunk = Extract<ModelChunk, { kind: "citation" }>;

/** The run was ended, requeued or taken over while this instance executed it. */
export class ClaimLostError extends Error {
  constructor() {
    super("The claim on the run was lost");
    this.name = "ClaimLostError";
  }
}

/** Stores the answer of a model as it is produced, and collects what belongs to the end of the run. */
export class AnswerRecorder {
  readonly citations: CitationChunk[] = [];
  usage: TokenUsage | undefined;
  private readonly writeFailure = new AbortController();
  private readonly buffer = new OutputBuffer((text) =>
    this.store.appendOutput(this.run, text).catch((error: unknown) => {
      this.writeFailure.abort(error);
      throw error;
    }),
  );

  constructor(
    private readonly run: ClaimedRun,
    private readonly store: RunStore,
  ) {}

  /** Aborted, with the error as its reason, once output could not be stored: the rest of the answer is of no use then. */
  get writeFailed(): AbortSignal {
    return this.writeFailure.signal;
  }

  /** @throws {ClaimLostError} */
  async record(chunk: ModelChunk): Promise<void> {
    switch (chunk.kind) {
      case "usage":
        this.usage = chunk.usage;
        return;
      case "citation":
        this.citations.push(chunk);
        return;
      case "text":
        return requireClaim(this.buffer.add(chunk.text));
      case "tool call":
      case "tool result":
        await this.buffer.flush();
        return requireClaim(this.store.appendToolEvent(this.run, chunk));
    }
  }

  /** Stores the output that is still buffered. @throws {ClaimLostError} */
  flush(): Promise<void> {
    return requireClaim(this.buffer.flush());
  }
}

async function requireClaim(write: Promise<boolean>): Promise<void> {
  if (!(await write)) throw new ClaimLostError();
}
