import type { Database } from "../../platform/database/database";
import { timeOf } from "../../platform/database/ids";
import { Counter, Gauge, type Metric, type Sample } from "../../platform/metrics/metric";
import type { ActiveRun, RunActivity } from "../usage/run-activity";
import { Run, unfinished } from "./run.entity";

/** Ignores a burst of reads: the database is asked once in this time. */
const maxAgeMs = 1_000;

interface Backlog {
  readonly status: string;
  readonly number: string | number;
  readonly oldest: string;
}

/** Measures the runs of this process, and the queue of all processes. */
export class RunMetrics implements RunActivity {
  private readonly finished = new Counter("latchkey_runs_finished_total", "Runs that ended in this process.", [
    "status",
  ]);
  private readonly tokens = new Counter("latchkey_tokens_total", "Tokens that runs in this process have used.", [
    "kind",
  ]);
  private backlog: Promise<readonly Backlog[]> | undefined;
  private backlogAt = -Infinity;

  constructor(private readonly db: Database) {
    // So that a rate can be computed from the first one on.
    for (const status of ["SUCCEEDED", "FAILED", "CANCELLED"]) this.finished.add([status], 0);
    for (const kind of ["input", "output"]) this.tokens.add([kind], 0);
  }

  get metrics(): readonly Metric[] {
    return [
      this.finished,
      this.tokens,
      new Gauge("latchkey_runs", "Unfinished runs of all processes.", async () => {
        const backlog = await this.read();
        return unfinished.map((status): Sample => {
          const found = backlog.find((each) => each.status === status);
          return { labels: { status }, value: Number(found?.number ?? 0) };
        });
      }),
      new Gauge("latchkey_oldest_queued_run_age_seconds", "The age of the run that waits the longest.", async () => {
        const queued = (await this.read()).find(({ status }) => status === "QUEUED");
        return queued ? Math.max(0, (Date.now() - timeOf(queued.oldest).getTime()) / 1_000) : 0;
      }),
    ];
  }

  ended(_run: ActiveRun, status: string): void {
    this.finished.add([status]);
  }

  usedTokens(_run: ActiveRun, tokens: { readonly inputTokens: number; readonly outputTokens: number }): void {
    this.tokens.add(["input"], tokens.inputTokens);
    this.tokens.add(["output"], tokens.outputTokens);
  }

  private read(): Promise<readonly Backlog[]> {
    if (performance.now() - this.backlogAt > maxAgeMs || !this.backlog) {
      this.backlogAt = performance.now();
      // By an index that has all of it; the limits of apps bound the number of unfinished runs.
      this.backlog = this.db.read
        .createQueryBuilder(Run, "run")
        .select("run.status", "status")
        .addSelect("COUNT(*)", "number")
        .addSelect("MIN(run.id)", "oldest")
        .where("run.status IN (:...unfinished)", { unfinished })
        .groupBy("run.status")
        .getRawMany<Backlog>();
    }
    return this.backlog;
  }
}
