const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** The delays after the first failure, the second and so on; the last one applies to all further failures. */
const delaysMs = [5 * secondMs, 30 * secondMs, 2 * minuteMs, 10 * minuteMs, hourMs, 2 * hourMs, 4 * hourMs];

/** How long a delivery is retried. */
export const retryWindowMs = 24 * hourMs;

/**
 * When to retry: with a growing delay and a jitter of 10 %, so that deliveries that failed together are not retried together.
 *
 * @returns undefined if the retry window is over
 */
export function retryAt(failures: number, begunAt: Date, now: Date, random = Math.random): Date | undefined {
  const delayMs = delaysMs[Math.min(failures, delaysMs.length) - 1] ?? 0;
  const at = now.getTime() + delayMs * (0.9 + 0.2 * random());
  return at <= begunAt.getTime() + retryWindowMs ? new Date(at) : undefined;
}
