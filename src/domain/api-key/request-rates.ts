import type { Caller, RequestRate } from "../../auth/caller";
import { rateLimited } from "../../errors";
import type { RateCounter } from "../../platform/rates/rate-counter";

/** Longer windows would keep a caller that has used all of its points waiting for too long. */
const maxWindowSeconds = 600;

/** The rest of the rate that leaves a caller the least. */
export interface RateState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

interface Holder {
  readonly of: "API key" | "scope" | "app";
  readonly id: string;
  readonly rate: RequestRate;
}

/** Limits the requests of keys, by the limits of the key, of its scope and of its app. */
export class RequestRates {
  constructor(private readonly counter: Pick<RateCounter, "use">) {}

  /**
   * @returns what is left; undefined if nothing limits the caller
   * @throws RATE_LIMITED
   */
  async charge(caller: Caller, points: number): Promise<RateState | undefined> {
    let least: RateState | undefined;
    // The narrowest first, so that what a key is refused is not taken from the other keys of its scope.
    for (const holder of limitedHoldersOf(caller)) {
      const state = await this.chargeHolder(holder, points);
      if (!least || state.remaining < least.remaining) least = state;
    }
    return least;
  }

  private async chargeHolder({ of, id, rate }: Holder, points: number): Promise<RateState> {
    const { requestsPerSecond, requestBurst } = rate;
    const perSecond = requestsPerSecond ?? Number.MAX_SAFE_INTEGER;
    // A burst may use the points of as many seconds as it takes to earn them.
    const windowSeconds = Math.min(maxWindowSeconds, Math.max(1, Math.ceil((requestBurst ?? 0) / perSecond)));
    const limit = perSecond * windowSeconds;
    const used = await this.counter.use(`${id}:${windowSeconds}`, points, windowSeconds);
    if (used.points > limit) {
      throw rateLimited(
        `This ${of} may use ${limit} points in ${windowSeconds === 1 ? "a second" : `${windowSeconds} seconds`}: one for a request, for each mutation in it, and for each execution.`,
        used.resetMs,
      );
    }
    return { limit, remaining: limit - used.points, resetMs: used.resetMs };
  }
}

function limitedHoldersOf(caller: Caller): readonly Holder[] {
  if (caller.kind !== "API_KEY") return [];
  const { key, scope, app } = caller.limits;
  const holders: Holder[] = [
    { of: "API key", id: caller.keyId, rate: key },
    { of: "scope", id: caller.scopeId, rate: scope },
    { of: "app", id: caller.appId, rate: app },
  ];
  return holders.filter(({ rate }) => rate.requestsPerSecond !== null);
}
