export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Added to the name of the metric, such as `_bucket`. */
  readonly suffix?: string;
}

/** Something that is measured. Its labels have few values, none of which a caller can choose. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  samples(): readonly Sample[] | Promise<readonly Sample[]>;
}

/** Counts what happens. */
export class Counter<Label extends string = never> implements Metric {
  readonly type = "counter";
  private readonly counts = new Map<string, { readonly labels: Labels; value: number }>();

  constructor(
    readonly name: string,
    readonly help: string,
    private readonly labelNames: readonly Label[] = [],
  ) {}

  /** @param values of the labels, in their order */
  add(values: readonly string[] = [], amount = 1): void {
    const key = values.join(" ");
    const count = this.counts.get(key);
    if (count) count.value += amount;
    else this.counts.set(key, { labels: labelled(this.labelNames, values), value: amount });
  }

  samples(): readonly Sample[] {
    const counts = [...this.counts.values()];
    // Without labels the count is known to be 0 before anything has happened.
    return counts.length === 0 && this.labelNames.length === 0 ? [{ labels: {}, value: 0 }] : counts;
  }
}

/** Counts values by buckets with upper bounds. */
export class Histogram<Label extends string = never> implements Metric {
  readonly type = "histogram";
  private readonly series = new Map<string, { readonly labels: Labels; readonly counts: number[]; sum: number }>();

  constructor(
    readonly name: string,
    readonly help: string,
    /** Ascending. */
    private readonly bounds: readonly number[],
    private readonly labelNames: readonly Label[] = [],
  ) {}

  add(values: readonly string[], value: number): void {
    const key = values.join(" ");
    let series = this.series.get(key);
    if (!series) {
      const counts = new Array<number>(this.bounds.length + 1).fill(0);
      this.series.set(key, (series = { labels: labelled(this.labelNames, values), counts, sum: 0 }));
    }
    const found = this.bounds.findIndex((bound) => value <= bound);
    const bucket = found === -1 ? this.bounds.length : found;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.sum += value;
  }

  samples(): readonly Sample[] {
    return [...this.series.values()].flatMap(({ labels, counts, sum }) => {
      let total = 0;
      const buckets = counts.map((count, i) => ({
        labels: { ...labels, le: String(this.bounds[i] ?? "+Inf") },
        value: (total += count),
        suffix: "_bucket",
      }));
      return [...buckets, { labels, value: sum, suffix: "_sum" }, { labels, value: total, suffix: "_count" }];
    });
  }
}

/** Reads values when they are asked for. A counter that is kept elsewhere has the type `counter`. */
export class Gauge implements Metric {
  constructor(
    readonly name: string,
    readonly help: string,
    private readonly read: () => number | readonly Sample[] | Promise<number | readonly Sample[]>,
    readonly type: "gauge" | "counter" = "gauge",
  ) {}

  async samples(): Promise<readonly Sample[]> {
    const value = await this.read();
    return typeof value === "number" ? [{ labels: {}, value }] : value;
  }
}

const labelled = (names: readonly string[], values: readonly string[]): Labels =>
  Object.fromEntries(names.map((name, i) => [name, values[i] ?? ""]));
