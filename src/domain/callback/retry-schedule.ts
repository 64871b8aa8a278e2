const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** After the first failure, the second and so on; the last holds for all that follow. */
const delays = [5 * second, 30 * second, 2 * minute, 10 * minute, hour, 2 * hour, 4 * hour];

/** How long it is tried. */
export const retryWindowMs = 24 * hour;

/**
 * When to try again what has failed so often: later each time, and with a tenth of chance, so that what failed together
 * doesn't come back together. Undefined where it has been tried for long enough.
 */
export function retryAt(failures: number, begunAt: Date, now: Date, random = Math.random): Date | undefined {
  const delay = delays[Math.min(failures, delays.length) - 1] ?? 0;
  const at = now.getTime() + delay * (0.9 + 0.2 * random());
  return at <= begunAt.getTime() + retryWindowMs ? new Date(at) : undefined;
}
