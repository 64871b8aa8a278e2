import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Logger } from "pino";
import type { Database } from "../../platform/database/database";
import { addToRows } from "../../platform/database/row-changes";
import { bucketOf, durationBuckets } from "./durations";
import { KnownOperations } from "./known-operations";
import type { OperationDescription } from "./operation-description";
import type { OperationReport } from "./operation-report";
import { PendingUsage, type RequestCount, type RunCount } from "./pending-usage";
import type { ActiveRun, RunActivity } from "./run-activity";
import { hourOf } from "./usage.entity";

/** Rows per transaction; small, so that nothing else waits long for the database. */
const batchSize = 50;

export interface UsageTimings {
  /** A crash loses the counts since the last write. */
  readonly flushIntervalMs: number;
}

/** Counts the requests and runs of keys in memory, and writes the counts in batches, regularly and on close. */
export class UsageCollector implements RunActivity {
  private pending = new PendingUsage();
  private readonly described = new Map<string, OperationDescription>();
  private readonly operations = new KnownOperations(this.db);
  private readonly timer: NodeJS.Timeout;
  private flushing = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly log: Pick<Logger, "error">,
    { flushIntervalMs }: UsageTimings,
  ) {
    this.timer = setInterval(() => void this.flush(), flushIntervalMs).unref();
  }

  /** Counts a finished request of a key. Requests of administrators belong to no app. */
  countRequest(report: OperationReport, operation: OperationDescription | undefined): void {
    const { caller, verdict = "FAILED" } = report;
    if (caller?.kind !== "API_KEY") return;
    const { appId, keyId } = caller;
    const key = { appId, keyId, verdict, hour: hourOf(Date.now()), operation: operation?.hash ?? "" };
    const count = this.pending.requestsOf(key);
    count.requests++;
    if (operation && count.operation === operation.hash) this.described.set(operation.hash, operation);
    if (verdict !== "ALLOWED") return;
    if (report.code !== undefined) count.errors++;
    if (operation?.kind === "subscription" || report.transport === "download") return;
    const bucket = bucketOf(report.durationMs);
    count.durations[bucket] = (count.durations[bucket] ?? 0) + 1;
  }

  ended(run: ActiveRun, status: string): void {
    const count = this.runsOf(run);
    count.runs++;
    if (status === "FAILED") count.failedRuns++;
  }

  usedTokens(run: ActiveRun, tokens: { readonly inputTokens: number; readonly outputTokens: number }): void {
    const count = this.runsOf(run);
    count.inputTokens += tokens.inputTokens;
    count.outputTokens += tokens.outputTokens;
  }

  /** Writes everything counted so far, after any write that is in progress. What fails is tried again by the next one. */
  flush(): Promise<void> {
    this.flushing = this.flushing
      .then(() => this.write())
      .catch((error: unknown) => this.log.error({ err: error }, "failed to write the usage; retrying"));
    return this.flushing;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private runsOf({ appId, apiKeyId, agentId }: ActiveRun): RunCount {
    return this.pending.runsOf({ appId, hour: hourOf(Date.now()), keyId: apiKeyId ?? "", agentId });
  }

  private async write(): Promise<void> {
    if (this.pending.isEmpty) return;
    const written = this.pending;
    const described = new Map(this.described);
    this.pending = new PendingUsage();
    this.described.clear();
    let [requests, runs] = [sorted(written.requests), sorted(written.runs)];
    try {
      for (; requests.length > 0; requests = requests.slice(batchSize)) {
        const batch = requests.slice(0, batchSize);
        const rows: (string | number)[][] = [];
        for (const each of batch) rows.push(await this.requestRow(each, described));
        await this.db.transaction((manager) =>
          addToRows(manager, "usage_requests", requestColumns, requestCounters, rows),
        );
        await yieldToEventLoop();
      }
      for (; runs.length > 0; runs = runs.slice(batchSize)) {
        const rows = runs.slice(0, batchSize).map(runRow);
        await this.db.transaction((manager) => addToRows(manager, "usage_runs", runColumns, runCounters, rows));
        await yieldToEventLoop();
      }
    } catch (error) {
      this.restore(requests, runs, described);
      throw error;
    }
  }

  private async requestRow(
    { appId, hour, keyId, operation, verdict, requests, errors, durations }: RequestCount,
    described: ReadonlyMap<string, OperationDescription>,
  ): Promise<(string | number)[]> {
    const hash = operation === "" ? "" : await this.operations.hashFor(appId, described.get(operation), hour);
    return [appId, hour, keyId, hash, verdict, requests, errors, ...durations];
  }

  private restore(
    requests: readonly RequestCount[],
    runs: readonly RunCount[],
    described: ReadonlyMap<string, OperationDescription>,
  ): void {
    for (const [hash, operation] of described) this.described.set(hash, operation);
    for (const { requests: number, errors, durations, ...key } of requests) {
      const count = this.pending.requestsOf(key);
      count.requests += number;
      count.errors += errors;
      for (const [bucket, of] of durations.entries()) count.durations[bucket] = (count.durations[bucket] ?? 0) + of;
    }
    for (const { runs: number, failedRuns, inputTokens, outputTokens, ...key } of runs) {
      const count = this.pending.runsOf(key);
      count.runs += number;
      count.failedRuns += failedRuns;
      count.inputTokens += inputTokens;
      count.outputTokens += outputTokens;
    }
  }
}

const requestColumns = ["appId", "hour", "keyId", "operation", "verdict"] as const;
export const durationColumns = Array.from({ length: durationBuckets }, (_, i) => `duration${i}`);
const requestCounters = ["requests", "errors", ...durationColumns];
const runColumns = ["appId", "hour", "keyId", "agentId"] as const;
const runCounters = ["runs", "failedRuns", "inputTokens", "outputTokens"];

const runRow = ({ appId, hour, keyId, agentId, runs, failedRuns, inputTokens, outputTokens }: RunCount) => [
  ...[appId, hour, keyId, agentId],
  ...[runs, failedRuns, inputTokens, outputTokens],
];

/** Instances that write the same rows lock them in the same order. */
const sorted = <Count extends object>(counts: readonly Count[]): Count[] =>
  counts
    .map((count) => ({ count, name: Object.values(count).slice(0, 5).join(" ") }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ count }) => count);
