import { setTimeout as delay } from "node:timers/promises";
import { retry } from "../../../platform/process/retry";
import { Mutex } from "async-mutex";
import type { Logger } from "pino";
import type { EntityManager } from "typeorm";
import type { AfterCommit } from "../../../platform/database/database";
import type { FairShare } from "../../../platform/process/fair-scheduler";
import type { Instance } from "../../../platform/instance/instance";
import { ExecutedRun } from "./executed-run";
import { type ReservedSlot, ReservedSlots } from "./reserved-slots";
import type { RunEnds } from "./run-ends";
import type { RunExecutor } from "./run-executor";
import type { ExecutionResult } from "./run-outcome";
import type { RunRecovery } from "./run-recovery";
import type { Run } from "../run.entity";
import { type RunClaims, type RunsAtOnce, shareOf } from "./run-claims";
import type { RunNotifier } from "./run-notifier";
import type { RunQueue } from "./run-queue";
import type { RunStore } from "./run-store";
import type { RunTimings } from "./run-timings";

/** A commit that seemed to fail may still take effect this long after a database failure. */
const commitUncertaintyMs = 60_000;
/** Interval in which waiting runs are looked at again: what they wait for, such as a limit, may change unannounced. */
const claimIntervalMs = 500;

interface ActiveRun {
  readonly run: ExecutedRun;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface RunSchedulerSettings {
  readonly timings: RunTimings;
  /** The number of runs that execute in parallel; 0 leaves all runs to other instances. */
  readonly slots: number;
  /** Running runs may take this long to finish when the server stops. */
  readonly shutdownGraceMs: number;
}

/** Executes runs in parallel, one per slot. The database decides which runs. */
export class RunScheduler {
  private readonly active = new Set<ActiveRun>();
  private readonly reserved = new ReservedSlots(
    (run) => this.startRun(run),
    () => this.onSlotFree(),
  );
  private readonly claiming = new Mutex();
  private readonly stopping = new AbortController();
  private readonly slotWaiters = new Set<() => void>();
  private readonly timers: NodeJS.Timeout[] = [];
  /**
   * The result of the last look at the queue: nothing, or runs that all have to wait. Undefined if there may be runs that
   * can start now.
   */
  private queued: "NOTHING" | "LATER" | undefined;
  private notifications = 0;
  private isLooking = false;
  /** Until then a run may turn out to be accepted or claimed although its commit seemed to fail. */
  private commitUncertainUntil = -Infinity;

  constructor(
    private readonly claims: RunClaims,
    private readonly store: Pick<RunStore, "recordUsage" | "requeue">,
    private readonly ends: RunEnds,
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
    this.timers.push(setInterval(() => void this.pollForWork(), claimIntervalMs).unref());
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
    await this.ends.endWithin(manager, afterCommit, runId, { status: "CANCELLED" });
    afterCommit(() => this.abort([runId]));
  }

  /** The runs that execute in this process. */
  get running(): readonly Run[] {
    return [...this.active].map(({ run }) => run.run);
  }

  /** Stops the execution of runs, whose rows are final or deleted, or soon will be. */
  abort(runIds: readonly string[]): void {
    for (const { abort } of this.activeAmong(runIds)) abort.abort();
    this.reserved.drop(runIds);
  }

  /** Stops all executions, because other instances may have taken over the runs. */
  abortAll(): void {
    for (const { abort } of this.active) abort.abort();
    this.reserved.drop(this.reserved.runIds);
  }

  async whenSlotFree(): Promise<void> {
    while (!this.hasFreeSlot && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.slotWaiters.add(resolve));
    }
  }

  /**
   * Holds a slot for a run that a transaction accepts, so that it can begin without having been queued.
   *
   * @returns undefined if it has to be queued: no slot is free, other runs are due before it, or the app has its share
   */
  async reserveWithin(manager: EntityManager, run: Run, atOnce: RunsAtOnce): Promise<ReservedSlot | undefined> {
    if (this.stopping.signal.aborted || !this.hasFreeSlot || this.queued === undefined) return undefined;
    if (!this.claims.admits(shareOf(run), this.inProgress)) return undefined;
    const slot = this.reserved.hold(run.id, shareOf(run), this.instance.id);
    try {
      if (await this.claims.hasRoom(manager, run, atOnce)) return slot;
    } catch (error) {
      slot.release();
      throw error;
    }
    slot.release();
    return undefined;
  }

  /** Starts the next run, of which there was a notification, if a slot is free. @returns whether it started one */
  claimNext(): Promise<boolean> {
    this.notifications++;
    this.queued = undefined;
    return this.look();
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
    await this.reserved.settled();
    const finished = Promise.all([...this.active].map(({ done }) => done));
    await Promise.race([finished, delay(this.settings.shutdownGraceMs, undefined, { ref: false })]);
    await Promise.all([...this.active].map((each) => this.interrupt(each)));
    await finished;
    await queueStopped;
    await this.queue.close();
  }

  private get hasFreeSlot(): boolean {
    return this.active.size + this.reserved.size + (this.isLooking ? 1 : 0) < this.settings.slots;
  }

  private get inProgress(): FairShare[] {
    return [...[...this.active].map(({ run }) => shareOf(run.run)), ...this.reserved.shares];
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
    if (!this.instance.hasOthers && this.queued === "NOTHING" && !this.isCommitUncertain) return;
    while (await this.look());
  }

  /** Starts the next run if there is one and a slot is free. @returns whether it started one */
  private look(): Promise<boolean> {
    return this.claiming.runExclusive(async () => {
      if (!this.hasFreeSlot || this.stopping.signal.aborted) return false;
      const { notifications } = this;
      this.isLooking = true;
      try {
        if (this.isCommitUncertain) await this.interruptUntracked();
        const claim = await this.claims.next(this.inProgress);
        if (typeof claim !== "string") this.startRun(new ExecutedRun(claim.run));
        // Unless there was a notification in the meantime, which this look may have missed.
        if (this.notifications === notifications) this.queued = typeof claim === "string" ? claim : undefined;
        return typeof claim !== "string";
      } catch (error) {
        this.queued = undefined;
        this.markCommitUncertain();
        this.log.error({ err: error }, "failed to start a run; retrying");
        return false;
      } finally {
        this.isLooking = false;
      }
    });
  }

  private onSlotFree(): void {
    this.releaseSlotWaiters();
    // A waiting run may have waited for the end of this one. Other instances queue runs too.
    if (this.queued === "LATER") this.queued = undefined;
    if (this.instance.hasOthers || this.queued !== "NOTHING") void this.look();
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

  /**
   * Ends the claims of runs that a commit claimed for this instance although it seemed to fail, so nothing executes them.
   * Those that have no event but their start have never been executed.
   */
  private async interruptUntracked(): Promise<void> {
    const owned = await this.recovery.ownRuns();
    const tracked = new Set([...[...this.active].map(({ run }) => run.id), ...this.reserved.runIds]);
    for (const run of owned.filter(({ id }) => !tracked.has(id))) {
      await (run.eventCount === 1 ? this.store.requeue(run) : this.recovery.interrupt(run));
    }
  }

  private startRun(run: ExecutedRun): void {
    const abort = new AbortController();
    const done = this.executor
      .execute(run, abort.signal, (result) => this.end(run, abort.signal, result))
      .catch((error: unknown) => this.log.error({ err: error, runId: run.id }, "failed to execute a run"))
      .finally(() => {
        this.active.delete(entry);
        this.onSlotFree();
      });
    const entry = { run, abort, done };
    this.active.add(entry);
  }

  private async end(run: ExecutedRun, signal: AbortSignal, result: ExecutionResult): Promise<void> {
    if (!("isInterrupted" in result)) return this.writeEnd(run, signal, () => this.ends.endExecuted(run, result));
    await this.writeEnd(run, signal, () => this.recovery.interrupt(run.run));
    if (result.usage) await this.store.recordUsage(run, result.usage);
  }

  /** Retries until the end of a run is stored, so that no executed run stays RUNNING however long the database is away. */
  private async writeEnd(run: ExecutedRun, signal: AbortSignal, write: () => Promise<unknown>): Promise<void> {
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
      await this.recovery.interrupt(run.run);
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "failed to requeue or end a run at shutdown; recovery will do it");
    }
    abort.abort();
  }
}
