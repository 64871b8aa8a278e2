/** The app and the lane that a piece of work is done for. Work of one lane is equal among itself; lanes of an app take turns, and so do apps. */
export interface FairShare {
  readonly appId: string;
  /** Within the app: the API key, or the host that receives callbacks. */
  readonly lane: string;
  /** Counts the SQL statements that are sent for the work. */
  readonly counter?: { statements: number };
}

/** The bounds of the work in progress. */
export interface FairCapacity {
  readonly total: number;
  readonly perApp: number;
  readonly perLane: number;
}

/** Apps and lanes are forgotten once there are more than this for each piece of work that is due or in progress. */
const maxKeysPerShare = 8;

/**
 * Chooses the next work so that no app delays the others, and within an app no lane: apps with the least work in progress
 * come first; among equals, the app that was served the longest ago; within an app likewise by lane. As work that has
 * started can't be taken back, an app gets at most half of the capacity that the others leave, so that there is some left
 * for an app that comes later.
 */
export class FairScheduler {
  private readonly lastServed = new Map<string, number>();
  private served = 0;

  constructor(private readonly capacity: FairCapacity) {}

  /**
   * @param due the lanes with work that can start, longest due first; each is chosen at most once
   * @param inProgress one entry for each piece of work in progress
   * @param max how many lanes to choose, as what is chosen counts as served
   */
  next<Lane extends FairShare>(due: readonly Lane[], inProgress: readonly FairShare[], max = Infinity): Lane[] {
    const { total, perApp, perLane } = this.capacity;
    const [only] = due;
    if (only && due.length === 1 && inProgress.length === 0 && Math.min(total, perApp, perLane, max) > 0) {
      // Most work finds nothing else, and takes no longer than this.
      this.lastServed.clear();
      this.serve(only);
      return [only];
    }
    const byApp = new Counts(inProgress.map(({ appId }) => appId));
    const byLane = new Counts(inProgress.map(laneKeyOf));
    if (this.lastServed.size > maxKeysPerShare * (due.length + inProgress.length)) this.prune([...due, ...inProgress]);

    const remaining = new Set(due);
    const chosen: Lane[] = [];
    for (let busy = inProgress.length; busy < total && chosen.length < max; busy++) {
      let best: Lane | undefined;
      let bestRank: readonly number[] = [];
      for (const lane of remaining) {
        const [ofApp, ofLane] = [byApp.of(lane.appId), byLane.of(laneKeyOf(lane))];
        if (ofApp >= perApp || ofLane >= perLane || ofApp >= (total - (busy - ofApp)) / 2) continue;
        const rank = [ofApp, this.lastServedAt(lane.appId), ofLane, this.lastServedAt(laneKeyOf(lane))];
        if (best && !isLess(rank, bestRank)) continue;
        [best, bestRank] = [lane, rank];
      }
      if (!best) break;
      remaining.delete(best);
      chosen.push(best);
      this.serve(best);
      byApp.add(best.appId);
      byLane.add(laneKeyOf(best));
    }
    return chosen;
  }

  private serve(lane: FairShare): void {
    this.served++;
    this.lastServed.set(lane.appId, this.served);
    this.lastServed.set(laneKeyOf(lane), this.served);
  }

  private lastServedAt(key: string): number {
    return this.lastServed.get(key) ?? 0;
  }

  /** Forgets apps and lanes that have nothing due and nothing in progress. */
  private prune(shares: readonly FairShare[]): void {
    const kept = new Set(shares.flatMap((share) => [share.appId, laneKeyOf(share)]));
    for (const key of this.lastServed.keys()) if (!kept.has(key)) this.lastServed.delete(key);
  }
}

/** @returns a key that no other lane has, and no app, whose ids have no space */
export const laneKeyOf = ({ appId, lane }: FairShare): string => `${appId} ${lane}`;

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
