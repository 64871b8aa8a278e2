import type { Redis } from "ioredis";
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

/** After a failure of Redis, for how long this instance counts in its own memory before it asks Redis again. */
const redisPauseMs = 2_000;

/** The use in the current window, this one included. */
export interface Used {
  readonly points: number;
  /** Until the window ends and counting starts again. */
  readonly resetMs: number;
}

/**
 * Counts points by key in windows of time: in Redis if there is one, so that instances count together, and always in the
 * memory of this instance too, whose count holds while Redis is away. The caller compares the points with a limit, which
 * may differ by key.
 */
export class RateCounter {
  private readonly memory: RateLimiterAbstract;
  private readonly shared: RateLimiterAbstract | undefined;
  private sharedAgainAt = 0;

  /** @param redis a connection with a short timeout for commands, as requests wait for it */
  constructor(keyPrefix: string, redis?: Redis) {
    const options = { keyPrefix, points: Number.MAX_SAFE_INTEGER, duration: 1 };
    this.memory = new RateLimiterMemory(options);
    this.shared = redis && new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true });
  }

  async use(key: string, points: number, windowSeconds: number): Promise<Used> {
    const options = { customDuration: windowSeconds };
    const [own, shared] = await Promise.all([
      this.memory.consume(key, points, options),
      this.useShared(key, points, options),
    ]);
    return usedOf(shared && shared.consumedPoints > own.consumedPoints ? shared : own);
  }

  /** @returns undefined while Redis is away. Not the library's insurance, which waits for the timeout in each request. */
  private async useShared(
    key: string,
    points: number,
    options: { readonly customDuration: number },
  ): Promise<RateLimiterRes | undefined> {
    if (!this.shared || performance.now() < this.sharedAgainAt) return undefined;
    try {
      return await this.shared.consume(key, points, options);
    } catch (error) {
      if (error instanceof RateLimiterRes) return error;
      this.sharedAgainAt = performance.now() + redisPauseMs;
      return undefined;
    }
  }
}

const usedOf = ({ consumedPoints, msBeforeNext }: RateLimiterRes): Used => ({
  points: consumedPoints,
  resetMs: Math.max(1, msBeforeNext),
});
