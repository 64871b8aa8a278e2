import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { MediaType } from "./extraction/media-type";
import { WorkerPool, WorkerError, type WorkerPoolLimits } from "./worker-pool";
import type { FoundPassage } from "./search/ranking";

export interface DetectTask {
  readonly kind: "detect";
  readonly path: string;
}

export interface IndexTask {
  readonly kind: "index";
  readonly path: string;
  /** As `detectType` returned it. */
  readonly mediaType: MediaType;
  readonly indexPath: string;
}

export interface SearchTask {
  readonly kind: "search";
  readonly documents: readonly { readonly id: string; readonly indexPath: string }[];
  readonly question: string;
  /** The previous questions of the conversation, oldest first. */
  readonly earlier: readonly string[];
  readonly maxPassages: number;
}

export type Task = DetectTask | IndexTask | SearchTask;

export interface ReadFailure {
  readonly kind: "failed";
  /** To be shown to people. */
  readonly reason: string;
}

export type Detection =
  { readonly kind: "detected"; readonly mediaType: MediaType } | { readonly kind: "unsupported" } | ReadFailure;

export type IndexOutcome = { readonly kind: "indexed" } | ReadFailure;

export class SearchError extends Error {
  constructor(readonly reason: "TIMEOUT" | "TOO_LARGE") {
    super(reason);
    this.name = "SearchError";
  }
}

/** The limits of indexing one document, and of searching the documents of one session. */
export interface ReaderLimits {
  readonly maxReadSeconds: number;
  readonly maxReadMegabytes: number;
}

/**
 * Indexes and searches documents in worker processes, so that a large document blocks nobody else and a malicious one
 * ends only its own worker. Tasks that a client waits for have a pool that background indexing cannot exhaust.
 */
export class DocumentReader {
  private readonly interactive: WorkerPool;
  private readonly background: WorkerPool;

  constructor(private readonly limits: ReaderLimits) {
    const poolLimits: WorkerPoolLimits = {
      workers: Math.max(1, availableParallelism() - 1),
      timeoutSeconds: limits.maxReadSeconds,
      heapMegabytes: limits.maxReadMegabytes,
    };
    const script = join(__dirname, "worker.js");
    this.interactive = new WorkerPool(script, poolLimits);
    this.background = new WorkerPool(script, poolLimits);
  }

  async detectType(task: Omit<DetectTask, "kind">): Promise<Detection> {
    const detect: Task = { ...task, kind: "detect" };
    return this.orFailure(this.interactive.run(() => Promise.resolve(detect)) as Promise<Detection>);
  }

  /**
   * Indexes a file whose type was detected.
   *
   * @param makeTask called when a worker is free; undefined skips the task
   * @throws {WorkerError} STOPPED if the reader is closed; the signal's reason if it is aborted
   */
  async index(
    makeTask: () => Promise<Omit<IndexTask, "kind"> | undefined>,
    signal: AbortSignal,
  ): Promise<IndexOutcome | undefined> {
    const makeIndexTask = async (): Promise<Task | undefined> => {
      const task = await makeTask();
      return task && { ...task, kind: "index" };
    };
    return this.orFailure(this.background.run(makeIndexTask, signal) as Promise<IndexOutcome | undefined>);
  }

  /**
   * The passages that answer a question best, best first.
   *
   * @throws {SearchError} if a limit is exceeded; the signal's reason if it is aborted
   */
  async search(task: Omit<SearchTask, "kind">, signal: AbortSignal): Promise<FoundPassage[]> {
    const search: Task = { ...task, kind: "search" };
    try {
      return (await this.interactive.run(() => Promise.resolve(search), signal)) as FoundPassage[];
    } catch (error) {
      if (!(error instanceof WorkerError) || error.reason === "STOPPED") throw error;
      throw new SearchError(error.reason === "TIMEOUT" ? "TIMEOUT" : "TOO_LARGE");
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.interactive.close(), this.background.close()]);
  }

  private async orFailure<Result>(result: Promise<Result>): Promise<Result | ReadFailure> {
    try {
      return await result;
    } catch (error) {
      if (!(error instanceof WorkerError) || error.reason === "STOPPED") throw error;
      return { kind: "failed", reason: this.describe(error.reason) };
    }
  }

  private describe(reason: "TIMEOUT" | "TOO_LARGE" | "DIED"): string {
    switch (reason) {
      case "TIMEOUT":
        return `Reading it takes more than ${this.limits.maxReadSeconds} s.`;
      case "TOO_LARGE":
        return "Reading it takes too much memory.";
      case "DIED":
        return "The process that read it crashed.";
    }
  }
}
