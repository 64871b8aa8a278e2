/** A condition in which an instance cannot meet its guarantees. */
export type Disruption = "suspended" | "dead" | "database";

interface Interval {
  readonly disruption: Disruption;
  readonly from: number;
  to: number;
}

/** Records when an instance was disrupted, by the clock of this process. */
export class InstanceMonitor {
  private readonly intervals: Interval[] = [];

  begin(disruption: Disruption): void {
    this.intervals.push({ disruption, from: performance.now(), to: Infinity });
  }

  end(disruption: Disruption): void {
    const interval = this.intervals.findLast((each) => each.disruption === disruption && each.to === Infinity);
    if (interval) interval.to = performance.now();
  }

  is(disruption: Disruption): boolean {
    return this.intervals.some((interval) => interval.disruption === disruption && interval.to === Infinity);
  }

  was(disruption: Disruption, from: number, to: number): boolean {
    return this.intervals.some(
      (interval) => interval.disruption === disruption && interval.from <= to && interval.to >= from,
    );
  }

  /** The later one of `from` and the end of the last suspension that overlaps these times. */
  responsiveFrom(from: number, to: number): number {
    const suspensions = this.intervals.filter(
      (interval) => interval.disruption === "suspended" && interval.from < to && interval.to > from,
    );
    return Math.max(from, ...suspensions.map((interval) => interval.to));
  }
}
