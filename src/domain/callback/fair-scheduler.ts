/** What is delivered side by side: the callbacks of one app to one host. */
export interface DeliveryLane {
  readonly appId: string;
  readonly host: string;
}

/** How much may be under way at once. */
export interface Bounds {
  readonly inAll: number;
  readonly perApp: number;
  readonly perLane: number;
}

/**
 * Says whose turn it is, so that neither an app with many callbacks nor a host that is slow holds up the others: first
 * the apps with the least under way, of these the one whose last turn is longest ago. Half of the places are for apps
 * that have nothing under way.
 */
export class FairScheduler {
  private lastServed = new Map<string, number>();
  private turn = 0;

  constructor(private readonly bounds: Bounds) {}

  /** @param due whose oldest delivery is due, the longest waiting first; each is chosen once at most */
  next(due: readonly DeliveryLane[], underWay: readonly DeliveryLane[]): DeliveryLane[] {
    const ofApp = new Counts(underWay.map(({ appId }) => appId));
    const ofLane = new Counts(underWay.map(nameOf));
    this.prune(new Set([...due, ...underWay].map(({ appId }) => appId)));

    const { inAll, perApp, perLane } = this.bounds;
    const left = new Set(due);
    const chosen: DeliveryLane[] = [];
    for (let busy = underWay.length; busy < inAll; busy++) {
      let best: DeliveryLane | undefined;
      let bestRank: readonly number[] = [];
      for (const lane of left) {
        const [app, own] = [ofApp.of(lane.appId), ofLane.of(nameOf(lane))];
        if (app >= perApp || own >= perLane || (app > 0 && busy >= inAll / 2)) continue;
        const rank = [app, this.lastServed.get(lane.appId) ?? 0, own];
        if (best && !isLess(rank, bestRank)) continue;
        [best, bestRank] = [lane, rank];
      }
      if (!best) break;
      left.delete(best);
      chosen.push(best);
      ofApp.add(best.appId);
      ofLane.add(nameOf(best));
      this.lastServed.set(best.appId, ++this.turn);
    }
    return chosen;
  }

  private prune(present: ReadonlySet<string>): void {
    this.lastServed = new Map([...this.lastServed].filter(([appId]) => present.has(appId)));
  }
}

const nameOf = ({ appId, host }: DeliveryLane): string => `${appId} ${host}`;

function isLess(one: readonly number[], other: readonly number[]): boolean {
  const place = one.findIndex((value, i) => value !== other[i]);
  return place !== -1 && Number(one[place]) < Number(other[place]);
}

class Counts {
  private readonly counts = new Map<string, number>();

  constructor(names: readonly string[]) {
    for (const name of names) this.add(name);
  }

  of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  add(name: string): void {
    this.counts.set(name, this.of(name) + 1);
  }
}
