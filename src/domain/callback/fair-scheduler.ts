/** The unit that is delivered in parallel with others: the callbacks of one app to one host. */
export interface DeliveryLane {
  readonly appId: string;
  readonly host: string;
}

/** How many deliveries may be in progress. */
export interface Concurrency {
  readonly total: number;
  readonly perApp: number;
  readonly perLane: number;
}

/**
 * Chooses the next lanes so that neither an app with many callbacks nor a slow host delays the others: apps with the fewest
 * deliveries in progress come first; among equals, the app that was served the longest ago. Half of the capacity is
 * reserved for apps that have no delivery in progress.
 */
export class FairScheduler {
  private lastServed = new Map<string, number>();
  private served = 0;

  constructor(private readonly concurrency: Concurrency) {}

  /**
   * @param due the lanes with a due delivery, longest due first; each is chosen at most once
   * @param inFlight one entry for each delivery in progress
   */
  next(due: readonly DeliveryLane[], inFlight: readonly DeliveryLane[]): DeliveryLane[] {
    const byApp = new Counts(inFlight.map(({ appId }) => appId));
    const byLane = new Counts(inFlight.map(keyOf));
    this.prune(new Set([...due, ...inFlight].map(({ appId }) => appId)));

    const { total, perApp, perLane } = this.concurrency;
    const remaining = new Set(due);
    const chosen: DeliveryLane[] = [];
    for (let busy = inFlight.length; busy < total; busy++) {
      let best: DeliveryLane | undefined;
      let bestRank: readonly number[] = [];
      for (const lane of remaining) {
        const [ofApp, ofLane] = [byApp.of(lane.appId), byLane.of(keyOf(lane))];
        if (ofApp >= perApp || ofLane >= perLane || (ofApp > 0 && busy >= total / 2)) continue;
        const rank = [ofApp, this.lastServed.get(lane.appId) ?? 0, ofLane];
        if (best && !isLess(rank, bestRank)) continue;
        [best, bestRank] = [lane, rank];
      }
      if (!best) break;
      remaining.delete(best);
      chosen.push(best);
      byApp.add(best.appId);
      byLane.add(keyOf(best));
      this.lastServed.set(best.appId, ++this.served);
    }
    return chosen;
  }

  /** Forgets apps that have nothing due and nothing in progress. */
  private prune(appIds: ReadonlySet<string>): void {
    this.lastServed = new Map([...this.lastServed].filter(([appId]) => appIds.has(appId)));
  }
}

const keyOf = ({ appId, host }: DeliveryLane): string => `${appId} ${host}`;

/** Compares lexicographically. */
function isLess(one: readonly number[], other: readonly number[]): boolean {
  const index = one.findIndex((value, i) => value !== other[i]);
  return index !== -1 && Number(one[index]) < Number(other[index]);
}

class Counts {
  private readonly counts = new Map<string, number>();

  constructor(keys: readonly string[]) {
    for (const key of keys) this.add(key);
  }

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.counts.set(key, this.of(key) + 1);
  }
}
