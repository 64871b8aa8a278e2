import { setTimeout as delay } from "node:timers/promises";

export interface RetryOptions {
  /** Wait before the next attempt, in milliseconds. `attempt` is the number of the one that failed, from 1. */
  readonly delayMs: number | ((attempt: number, error: unknown) => number);
  /** Default: every error is retried. */
  readonly shouldRetry?: (error: unknown) => boolean;
  /** Counts the first attempt. */
  readonly maxAttempts?: number;
  /** No attempt starts once this time has passed since the first one started. */
  readonly maxElapsedMs?: number;
  /** An error that calls for a longer wait is thrown instead. */
  readonly maxDelayMs?: number;
  /** Called before each wait. */
  readonly onRetry?: (error: unknown, attempt: number) => void;
  readonly signal?: AbortSignal;
  /** Once the signal is aborted: throw its reason (the default), or skip the wait and allow one last attempt. */
  readonly onAbort?: "throw" | "final-attempt";
}

/** @throws the error of the last attempt, or the reason of the signal */
export async function retry<Result>(work: () => Result | Promise<Result>, options: RetryOptions): Promise<Result> {
  const attempts = new Attempts(options);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await attempts.waitForNext(error);
    }
  }
}

/** Decides about the attempts of one operation; for work that is not a function call, such as a generator. */
export class Attempts {
  private failed = 0;
  private readonly startedAt = performance.now();

  constructor(private readonly options: RetryOptions) {}

  /**
   * Waits before the next attempt.
   *
   * @param error of the attempt that just failed
   * @throws that error if there is no next attempt, or the reason of the signal
   */
  async waitForNext(error: unknown): Promise<void> {
    const { signal, onAbort = "throw", onRetry } = this.options;
    this.failed += 1;
    if (signal?.aborted) throw onAbort === "throw" ? signal.reason : error;
    const delayMs = this.delayAfter(error);
    if (!this.isRetried(error, delayMs)) throw error;
    onRetry?.(error, this.failed);
    // Not even a timer of 0 ms: a transaction that lost a lock conflict runs again immediately.
    if (delayMs === 0) return;
    await delay(delayMs, undefined, signal && { signal }).catch(() => undefined);
    if (onAbort === "throw") signal?.throwIfAborted();
  }

  private delayAfter(error: unknown): number {
    const { delayMs } = this.options;
    return typeof delayMs === "number" ? delayMs : delayMs(this.failed, error);
  }

  private isRetried(error: unknown, delayMs: number): boolean {
    const { shouldRetry, maxAttempts = Infinity, maxElapsedMs = Infinity, maxDelayMs = Infinity } = this.options;
    return (
      (shouldRetry?.(error) ?? true) &&
      this.failed < maxAttempts &&
      performance.now() - this.startedAt <= maxElapsedMs &&
      delayMs <= maxDelayMs
    );
  }
}
