import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { FairShare } from "../platform/process/fair-scheduler";
import type { MediaType } from "./extraction/media-type";
import { crashed, outOfMemory } from "./extraction/unreadable-error";
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
  readonly maxQueuedDocuments: number;
}

/** A second worker is kept for apps that have none of their documents in progress, even on a single processor. */
const minWorkers = 2;

const maxWaitingDetections = 1_000;
/** A quarter of it, which the searches of one key may take, is the highest `MAX_RUNNING_RUNS`. */
const maxWaitingSearches = 40_000;

/** It includes the start of the processes and the wait for a processor, which are long on a busy machine. */
const maxDetectSeconds = 15;

/**
 * Detects, indexes and searches documents in worker processes, so that a large document blocks nobody else and a malicious
 * one ends only its own process. Each kind of task has a pool of its own, in which apps take turns.
 */
export class DocumentReader {
  private readonly detecting: WorkerPool;
  private readonly indexing: WorkerPool;
  private readonly searching: WorkerPool;

  constructor(private readonly limits: ReaderLimits) {
    const poolLimits = {
      workers: Math.max(minWorkers, availableParallelism() - 1),
      timeoutSeconds: limits.maxReadSeconds,
      heapMegabytes: limits.maxReadMegabytes,
    };
    const pool = (more: Partial<WorkerPoolLimits> & Pick<WorkerPoolLimits, "maxWaiting">) =>
      new WorkerPool(join(__dirname, "worker.js"), { ...poolLimits, ...more });
    this.detecting = pool({ maxWaiting: maxWaitingDetections, timeoutSeconds: maxDetectSeconds });
    this.indexing = pool({ maxWaiting: limits.maxQueuedDocuments });
    this.searching = pool({ maxWaiting: maxWaitingSearches });
  }

  /**
   * Detects the type of a file by its first 64 KB, within 2 s of processor time.
   *
   * @throws {QueueFullError} if too many files wait for it
   */
  async detectType(task: Omit<DetectTask, "kind">, share: FairShare): Promise<Detection> {
    const detect: Task = { ...task, kind: "detect" };
    return this.orFailure(
      this.detecting.run(share, () => Promise.resolve(detect)) as Promise<Detection>,
      "Detecting its type takes too long.",
    );
  }

  /**
   * Indexes a file whose type was detected.
   *
   * @param makeTask called when a worker is free; undefined skips the task
   * @throws {QueueFullError} if too many documents wait
   * @throws {WorkerError} STOPPED if the reader is closed; the signal's reason if it is aborted
   */
  async index(
    share: FairShare,
    makeTask: () => Promise<Omit<IndexTask, "kind"> | undefined>,
    signal: AbortSignal,
  ): Promise<IndexOutcome | undefined> {
    const makeIndexTask = async (): Promise<Task | undefined> => {
      const task = await makeTask();
      return task && { ...task, kind: "index" };
    };
    return this.orFailure(
      this.indexing.run(share, makeIndexTask, signal) as Promise<IndexOutcome | undefined>,
      `Reading it takes more than ${this.limits.maxReadSeconds} s.`,
    );
  }

  /**
   * The passages that answer a question best, best first.
   *
   * @throws {SearchError} if a limit is exceeded; the signal's reason if it is aborted
   */
  async search(task: Omit<SearchTask, "kind">, share: FairShare, signal: AbortSignal): Promise<FoundPassage[]> {
    const search: Task = { ...task, kind: "search" };
    try {
      return (await this.searching.run(share, () => Promise.resolve(search), signal)) as FoundPassage[];
    } catch (error) {
      if (!(error instanceof WorkerError) || error.reason === "STOPPED") throw error;
      throw new SearchError(error.reason === "TIMEOUT" ? "TIMEOUT" : "TOO_LARGE");
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.detecting, this.indexing, this.searching].map((pool) => pool.close()));
  }

  private async orFailure<Result>(result: Promise<Result>, timedOut: string): Promise<Result | ReadFailure> {
    try {
      return await result;
    } catch (error) {
      if (!(error instanceof WorkerError) || error.reason === "STOPPED") throw error;
      const reasons = { TIMEOUT: timedOut, TOO_LARGE: outOfMemory().reason, DIED: crashed().reason };
      return { kind: "failed", reason: reasons[error.reason] };
    }
  }
}
