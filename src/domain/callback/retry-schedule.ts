export interface CallbackTimings {
  /** Polling interval for due deliveries; used if a notification was lost. */
  readonly pollIntervalMs: number;
  /** Time after which an attempt without a result is claimed by another process; well beyond `attemptTimeoutMs`. */
  readonly leaseMs: number;
  /** Time that a receiver has to answer. */
  readonly attemptTimeoutMs: number;
  /** Time that attempts have to finish when the server stops. */
  readonly shutdownGraceMs: number;
  /** Delays after the first failure, the second and so on; the last one repeats. */
  readonly retryDelaysMs: readonly number[];
  /** Time after which a delivery is not retried any longer. */
  readonly retryWindowMs: number;
}

/**
 * When to retry: with a growing delay and a jitter of 10 %, so that deliveries that failed together are not retried together.
 *
 * @returns undefined if the retry window is over
 */
export function retryAt(
  { retryDelaysMs, retryWindowMs }: Pick<CallbackTimings, "retryDelaysMs" | "retryWindowMs">,
  failures: number,
  begunAt: Date,
  now: Date,
  random = Math.random,
): Date | undefined {
  const delayMs = retryDelaysMs[Math.min(failures, retryDelaysMs.length) - 1] ?? 0;
  const at = now.getTime() + delayMs * (0.9 + 0.2 * random());
  return at <= begunAt.getTime() + retryWindowMs ? new Date(at) : undefined;
}
