import { setTimeout as delay } from "node:timers/promises";
import { retry } from "../../../platform/process/retry";
import { Mutex } from "async-mutex";
import type { Logger } from "pino";
import type { EntityManager } from "typeorm";
import type { AfterCommit } from "../../../platform/database/database";
import type { Instance } from "../../../platform/instance/instance";
import type { RunExecutor } from "./run-executor";
import type { RunRecovery } from "./run-recovery";
import type { Run } from "../run.entity";
import type { RunClaims } from "./run-claims";
import type { RunNotifier } from "./run-notifier";
import type { RunQueue } from "./run-queue";
import type { RunStore } from "./run-store";
import type { RunTimings } from "./run-timings";

/** How long after a database failure a commit that seemed to fail may still take effect, in milliseconds. */
const commitUncertaintyMs = 60_000;

interface ActiveRun {
  readonly run: Run;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface RunSchedulerSettings {
  readonly timings: RunTimings;
  /** How many runs execute in parallel; 0 leaves all runs to other instances. */
  readonly slots: number;
  /** How long running runs may take to finish when the server stops, in milliseconds. */
  readonly shutdownGraceMs: number;
}

/** Executes runs in parallel, one per slot. The database decides which runs. */
export class RunScheduler {
  private readonly active = new Set<ActiveRun>();
  private readonly claiming = new Mutex();
  private readonly stopping = new AbortController();
  private readonly slotWaiters = new Set<() => void>();
  private readonly timers: NodeJS.Timeout[] = [];
  /** Whether there may be a queued run that no notification will announce. */
  private mayHaveWork = true;
  /** Until then a run may turn out to be accepted or claimed although its commit seemed to fail. */
  private commitUncertainUntil = -Infinity;

  constructor(
    private readonly claims: RunClaims,
    private readonly store: RunStore,
    private readonly executor: RunExecutor,
    private readonly recovery: RunRecovery,
    private readonly queue: RunQueue,
    private readonly instance: Instance,
    private readonly settings: RunSchedulerSettings,
    private readonly log: Logger,
  ) {}

  start(notifier: RunNotifier): void {
    const { slots, timings } = this.settings;
    if (slots === 0) return;
    this.queue.start(this);
    this.timers.push(setInterval(() => void this.pollForWork(), timings.pollIntervalMs).unref());
    if (this.instance.hasOthers) {
      this.timers.push(setInterval(() => void this.verifyOwnership(), timings.ownershipCheckIntervalMs).unref());
      notifier.onRemote = (runId) => {
        if (this.activeAmong([runId]).length > 0) void this.verifyOwnership();
      };
    }
    void this.pollForWork();
  }

  /** Looks for queued runs although no commit has announced one. */
  wake(): void {
    this.queue.notifyWork();
  }

  /** Records that a commit failed in a way that does not exclude that it took effect, or still will. */
  markCommitUncertain(): void {
    this.commitUncertainUntil = performance.now() + commitUncertaintyMs;
  }

  /** Cancels a run, as part of a larger transaction. A run that has finished stays as it is. */
  async cancelWithin(manager: EntityManager, afterCommit: AfterCommit, runId: string): Promise<void> {
    await this.store.endWithin(manager, afterCommit, runId, { status: "CANCELLED" });
    afterCommit(() => this.abort([runId]));
  }

  /** Stops the execution of runs whose rows are final or deleted. */
  abort(runIds: readonly string[]): void {
    for (const { abort } of this.activeAmong(runIds)) abort.abort();
  }

  /** Stops all executions, because other instances may have taken over the runs. */
  abortAll(): void {
    for (const { abort } of this.active) abort.abort();
  }

  async whenSlotFree(): Promise<void> {
    while (!this.hasFreeSlot && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.slotWaiters.add(resolve));
    }
  }

  /** Starts the next run if there is one and a slot is free. @returns whether it started one */
  claimNext(): Promise<boolean> {
    return this.claiming.runExclusive(async () => {
      if (!this.hasFreeSlot || this.stopping.signal.aborted) return false;
      try {
        if (this.isCommitUncertain) await this.interruptUntracked();
        const claim = await this.claims.next();
        this.mayHaveWork = claim !== "NOTHING";
        if (typeof claim === "string") return false;
        this.startRun(claim.run);
        return true;
      } catch (error) {
        this.mayHaveWork = true;
        this.markCommitUncertain();
        this.log.error({ err: error }, "failed to start a run; retrying");
        return false;
      }
    });
  }

  /**
   * Starts no more runs, and gives running runs the grace period to finish. A run that has not finished then is requeued
   * or ended, depending on its agent. Queued runs are left to other instances or to the next start.
   */
  async close(): Promise<void> {
    this.stopping.abort();
    for (const timer of this.timers) clearInterval(timer);
    this.releaseSlotWaiters();
    const queueStopped = this.queue.stop();
    await this.claiming.waitForUnlock();
    const finished = Promise.all([...this.active].map(({ done }) => done));
    await Promise.race([finished, delay(this.settings.shutdownGraceMs, undefined, { ref: false })]);
    await Promise.all([...this.active].map((each) => this.interrupt(each)));
    await finished;
    await queueStopped;
    await this.queue.close();
  }

  private get hasFreeSlot(): boolean {
    return this.active.size < this.settings.slots;
  }

  private get isCommitUncertain(): boolean {
    return performance.now() < this.commitUncertainUntil;
  }

  private activeAmong(runIds: readonly string[]): ActiveRun[] {
    return [...this.active].filter(({ run }) => runIds.includes(run.id));
  }

  private releaseSlotWaiters(): void {
    for (const release of this.slotWaiters) release();
    this.slotWaiters.clear();
  }

  private async pollForWork(): Promise<void> {
    // A single instance is notified of every run that it accepts.
    if (!this.instance.hasOthers && !this.mayHaveWork && !this.isCommitUncertain) return;
    while (await this.claimNext());
  }

  /** Aborts the runs that other instances have ended or taken over. */
  private async verifyOwnership(): Promise<void> {
    const active = [...this.active];
    if (active.length === 0) return;
    try {
      const owned = new Map((await this.recovery.ownRuns()).map(({ id, fence }) => [id, fence]));
      for (const { run, abort } of active) if (owned.get(run.id) !== run.fence) abort.abort();
    } catch (error) {
      this.log.error({ err: error }, "failed to verify the ownership of running runs; retrying");
    }
  }

  /** Interrupts runs that a commit claimed for this instance although it seemed to fail, so nothing executes them. */
  private async interruptUntracked(): Promise<void> {
    const owned = await this.recovery.ownRuns();
    const tracked = new Set([...this.active].map(({ run }) => run.id));
    for (const run of owned.filter(({ id }) => !tracked.has(id))) await this.recovery.interrupt(run);
  }

  private startRun(run: Run): void {
    const abort = new AbortController();
    const done = this.executeRun(run, abort.signal)
      .catch((error: unknown) => this.log.error({ err: error, runId: run.id }, "failed to execute a run"))
      .finally(() => {
        this.active.delete(entry);
        this.releaseSlotWaiters();
        void this.claimNext();
      });
    const entry = { run, abort, done };
    this.active.add(entry);
  }

  private async executeRun(run: Run, signal: AbortSignal): Promise<void> {
    const result = await this.executor.execute(run, signal);
    if (result === "CLAIM_LOST") return;
    if (!("isInterrupted" in result)) return this.writeEnd(run, signal, () => this.store.end(run, result));
    await this.writeEnd(run, signal, () => this.recovery.interrupt(run));
    if (result.usage) await this.store.recordUsage(run, result.usage);
  }

  /** Retries until the end of a run is stored, so that no executed run stays RUNNING however long the database is away. */
  private async writeEnd(run: Run, signal: AbortSignal, write: () => Promise<unknown>): Promise<void> {
    const writeUnlessAborted = () => (signal.aborted ? Promise.resolve() : write());
    await retry<unknown>(writeUnlessAborted, {
      delayMs: this.settings.timings.pollIntervalMs,
      signal: this.stopping.signal,
      onAbort: "final-attempt",
      onRetry: (error) => this.log.error({ err: error, runId: run.id }, "failed to store the end of a run; retrying"),
    });
  }

  private async interrupt({ run, abort }: ActiveRun): Promise<void> {
    try {
      await this.recovery.interrupt(run);
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "failed to requeue or end a run at shutdown; recovery will do it");
    }
    abort.abort();
  }
}
