import type { ModelChunk, TokenUsage } from "../../../model/model";
import type { ExecutedRun } from "./executed-run";
import { OutputBuffer } from "./output-buffer";
import type { RunStore } from "./run-store";

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
  private ending: Promise<void> | undefined;
  private readonly output = this.bufferOf((text) => this.store.appendOutput(this.run, text));
  private readonly reasoning = this.bufferOf((text) => this.store.appendReasoning(this.run, text));

  constructor(
    private readonly run: ExecutedRun,
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
        await requireClaim(this.reasoning.flush());
        return requireClaim(this.output.add(chunk.text));
      case "reasoning":
        await requireClaim(this.output.flush());
        return requireClaim(this.reasoning.add(chunk.text));
      case "retraction":
        await this.flush();
        return requireClaim(this.store.retractOutput(this.run));
      case "tool call":
      case "tool result":
        await this.flush();
        return requireClaim(this.store.appendToolEvent(this.run, chunk));
    }
  }

  /** Stores what is still buffered, or waits for the end of the run to be stored. @throws {ClaimLostError} */
  async flush(): Promise<void> {
    if (this.ending) return this.ending;
    await requireClaim(this.reasoning.flush());
    await requireClaim(this.output.flush());
  }

  /** To be called when the answer is complete. @returns the output that is not stored yet. @throws {ClaimLostError} */
  async close(): Promise<readonly string[]> {
    await requireClaim(this.reasoning.flush());
    const rest = await this.output.close();
    if (!rest) throw new ClaimLostError();
    return rest;
  }

  /** Stores the end of the run, which has the output that is not stored yet. */
  end(store: () => Promise<void>): Promise<void> {
    return (this.ending = store());
  }

  private bufferOf(write: (text: string) => Promise<boolean>): OutputBuffer {
    return new OutputBuffer((text) =>
      write(text).catch((error: unknown) => {
        this.writeFailure.abort(error);
        throw error;
      }),
    );
  }
}

async function requireClaim(write: Promise<boolean>): Promise<void> {
  if (!(await write)) throw new ClaimLostError();
}
