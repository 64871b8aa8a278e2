import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { MediaType } from "./extraction/media-type";
import { WorkerPool, WorkerError, type WorkerPoolLimits } from "./worker-pool";
import type { FoundPassage } from "./search/ranking";

export interface DetectTask {
  readonly kind: "tell";
  readonly path: string;
}

export interface IndexTask {
  readonly kind: "read";
  readonly path: string;
  /** As `detectType` has told it. */
  readonly mediaType: MediaType;
  readonly indexPath: string;
}

export interface SearchTask {
  readonly kind: "find";
  readonly documents: readonly { readonly id: string; readonly indexPath: string }[];
  readonly question: string;
  /** What was asked before, oldest first. */
  readonly earlier: readonly string[];
  readonly most: number;
}

export type Task = DetectTask | IndexTask | SearchTask;

/** `reason` is for people. */
export interface ReadFailure {
  readonly kind: "failed";
  readonly reason: string;
}

export type Detection =
  { readonly kind: "told"; readonly mediaType: MediaType } | { readonly kind: "unsupported" } | ReadFailure;

export type IndexOutcome = { readonly kind: "read" } | ReadFailure;

/** Why documents could not be searched. */
export class SearchError extends Error {
  constructor(readonly reason: "TIMEOUT" | "TOO_LARGE") {
    super(reason);
    this.name = "SearchFailed";
  }
}

/** What one document may take to be read, or those of a session to be searched. */
export interface ReaderLimits {
  readonly maxReadSeconds: number;
  readonly maxReadMegabytes: number;
}

/**
 * Reads documents and searches in them, in processes of their own, so that the largest of them holds up nobody else and
 * the worst ends nothing but its own reading. Those that read are others than those somebody waits for.
 */
export class DocumentReader {
  private readonly interactive: WorkerPool;
  private readonly background: WorkerPool;

  constructor(private readonly limits: ReaderLimits) {
    const each: WorkerPoolLimits = {
      count: Math.max(1, availableParallelism() - 1),
      seconds: limits.maxReadSeconds,
      heapMegabytes: limits.maxReadMegabytes,
    };
    const script = join(__dirname, "worker.js");
    this.interactive = new WorkerPool(script, each);
    this.background = new WorkerPool(script, each);
  }

  /** What a file is. */
  async detectType(task: Omit<DetectTask, "kind">): Promise<Detection> {
    const kind = "tell";
    return this.orFailed(this.interactive.run(async () => ({ ...task, kind }) satisfies Task) as Promise<Detection>);
  }

  /**
   * Reads a file that has been told.
   *
   * @param taskOf says what is to be done when it is its turn, or that nothing is
   * @throws ProcessFailed with STOPPED where the reader is closed meanwhile; what the signal was given with
   */
  async index(
    taskOf: () => Promise<Omit<IndexTask, "kind"> | undefined>,
    signal: AbortSignal,
  ): Promise<IndexOutcome | undefined> {
    const task = async (): Promise<Task | undefined> => {
      const made = await taskOf();
      return made && { ...made, kind: "read" };
    };
    return this.orFailed(this.background.run(task, signal) as Promise<IndexOutcome | undefined>);
  }

  /**
   * The passages that answer a question best, best first.
   *
   * @throws SearchFailed; whatever the signal was given with, where it was given
   */
  async search(task: Omit<SearchTask, "kind">, signal: AbortSignal): Promise<FoundPassage[]> {
    try {
      const found = this.interactive.run(async () => ({ ...task, kind: "find" }) satisfies Task, signal);
      return (await found) as FoundPassage[];
    } catch (error) {
      if (!(error instanceof WorkerError) || error.reason === "STOPPED") throw error;
      throw new SearchError(error.reason === "TIMEOUT" ? "TIMEOUT" : "TOO_LARGE");
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.interactive.close(), this.background.close()]);
  }

  private async orFailed<Result>(reading: Promise<Result>): Promise<Result | ReadFailure> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof WorkerError) || error.reason === "STOPPED") throw error;
      return { kind: "failed", reason: this.reasonOf(error.reason) };
    }
  }

  private reasonOf(reason: "TIMEOUT" | "TOO_LARGE" | "DIED"): string {
    switch (reason) {
      case "TIMEOUT":
        return `It takes more than ${this.limits.maxReadSeconds} s to read.`;
      case "TOO_LARGE":
        return "It takes too much memory to read.";
      case "DIED":
        return "The program that reads documents died of it.";
    }
  }
}
