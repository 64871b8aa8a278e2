import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { MediaType } from "./media-type";
import { Processes, ProcessFailed, type ProcessLimits } from "./processes";
import type { FoundPassage } from "./ranking";

export interface TellTask {
  readonly kind: "tell";
  readonly path: string;
}

export interface ReadTask {
  readonly kind: "read";
  readonly path: string;
  readonly indexPath: string;
}

export interface FindTask {
  readonly kind: "find";
  readonly documents: readonly { readonly id: string; readonly indexPath: string }[];
  readonly question: string;
  /** What was asked before, oldest first. */
  readonly earlier: readonly string[];
  readonly most: number;
}

export type Task = TellTask | ReadTask | FindTask;

/** `reason` is for people. */
export interface ReadingFailed {
  readonly kind: "failed";
  readonly reason: string;
}

export type Told =
  { readonly kind: "told"; readonly mediaType: MediaType } | { readonly kind: "unsupported" } | ReadingFailed;

export type Reading = { readonly kind: "read" } | ReadingFailed;

/** Why documents could not be searched. */
export class SearchFailed extends Error {
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
export class Reader {
  private readonly prompt: Processes;
  private readonly patient: Processes;

  constructor(private readonly limits: ReaderLimits) {
    const each: ProcessLimits = {
      count: Math.max(1, availableParallelism() - 1),
      seconds: limits.maxReadSeconds,
      heapMegabytes: limits.maxReadMegabytes,
    };
    const script = join(__dirname, "reading.process.js");
    this.prompt = new Processes(script, each);
    this.patient = new Processes(script, each);
  }

  /** What a file is. */
  async tell(task: Omit<TellTask, "kind">): Promise<Told> {
    const kind = "tell";
    return this.orFailed(this.prompt.run(async () => ({ ...task, kind }) satisfies Task) as Promise<Told>);
  }

  /**
   * Reads a file that has been told.
   *
   * @param taskOf says what is to be done when it is its turn, or that nothing is
   * @throws ProcessFailed with STOPPED where the reader is closed meanwhile; what the signal was given with
   */
  async read(
    taskOf: () => Promise<Omit<ReadTask, "kind"> | undefined>,
    signal: AbortSignal,
  ): Promise<Reading | undefined> {
    const task = async (): Promise<Task | undefined> => {
      const made = await taskOf();
      return made && { ...made, kind: "read" };
    };
    return this.orFailed(this.patient.run(task, signal) as Promise<Reading | undefined>);
  }

  /**
   * The passages that answer a question best, best first.
   *
   * @throws SearchFailed; whatever the signal was given with, where it was given
   */
  async find(task: Omit<FindTask, "kind">, signal: AbortSignal): Promise<FoundPassage[]> {
    try {
      const found = this.prompt.run(async () => ({ ...task, kind: "find" }) satisfies Task, signal);
      return (await found) as FoundPassage[];
    } catch (error) {
      if (!(error instanceof ProcessFailed) || error.reason === "STOPPED") throw error;
      throw new SearchFailed(error.reason === "TIMEOUT" ? "TIMEOUT" : "TOO_LARGE");
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.prompt.close(), this.patient.close()]);
  }

  private async orFailed<Result>(reading: Promise<Result>): Promise<Result | ReadingFailed> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof ProcessFailed) || error.reason === "STOPPED") throw error;
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
