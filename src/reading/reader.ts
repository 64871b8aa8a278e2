import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Piscina } from "piscina";
import type { MediaType } from "./media-type";
import type { Passage } from "./passage";

export interface ReadTask {
  readonly path: string;
  readonly passagesPath: string;
}

export type Reading =
  | { readonly kind: "read"; readonly mediaType: MediaType }
  | { readonly kind: "unsupported" }
  /** `reason` is for people. */
  | { readonly kind: "failed"; readonly mediaType: string; readonly reason: string };

export interface FindTask {
  readonly documents: readonly { readonly id: string; readonly passagesPath: string }[];
  readonly question: string;
  /** What was asked before, oldest first. */
  readonly earlier: readonly string[];
  readonly most: number;
}

export interface FoundPassage extends Passage {
  readonly documentId: string;
}

/** Why documents could not be searched. */
export class SearchFailed extends Error {
  constructor(readonly reason: "TIMEOUT" | "TOO_LARGE") {
    super(reason);
    this.name = "SearchFailed";
  }
}

const maxHeapMegabytes = 1_024;
const maxSeconds = 60;

/** Reads documents and searches in them, in threads of their own, so that the largest of them holds up nobody else. */
export class Reader {
  private readonly threads = new Piscina({
    filename: join(__dirname, "reading.worker.js"),
    minThreads: 0,
    maxThreads: Math.max(1, availableParallelism() - 1),
    idleTimeout: 30_000,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
  });

  async read(task: ReadTask): Promise<Reading> {
    try {
      return (await this.run("read", task)) as Reading;
    } catch (error) {
      const reason =
        reasonOf(error) === "TIMEOUT"
          ? `It takes more than ${maxSeconds} s to read.`
          : "It takes too much memory to read.";
      return { kind: "failed", mediaType: "application/octet-stream", reason };
    }
  }

  /**
   * The passages that answer a question best, best first.
   *
   * @throws SearchFailed; whatever the signal was given with, where it was given
   */
  async find(task: FindTask, signal: AbortSignal): Promise<FoundPassage[]> {
    try {
      return (await this.run("find", task, signal)) as FoundPassage[];
    } catch (error) {
      signal.throwIfAborted();
      throw new SearchFailed(reasonOf(error));
    }
  }

  close(): Promise<void> {
    return this.threads.destroy();
  }

  private run(name: string, task: object, signal?: AbortSignal): Promise<unknown> {
    const timeout = AbortSignal.timeout(maxSeconds * 1_000);
    return this.threads.run(task, {
      name,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    }) as Promise<unknown>;
  }
}

/** @throws what is neither too slow nor too large, and so a fault of ours */
function reasonOf(error: unknown): "TIMEOUT" | "TOO_LARGE" {
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === "AbortError") return "TIMEOUT";
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return "TOO_LARGE";
  throw error;
}
