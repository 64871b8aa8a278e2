import { setTimeout as delay } from "node:timers/promises";
import { Mutex } from "async-mutex";
import type { Logger } from "pino";
import type { Instance } from "../../../platform/instance/instance";
import type { RunExecutor } from "./run-executor";
import type { RunRecovery } from "./run-recovery";
import type { Run } from "../run.entity";
import type { RunClaims } from "./run-claims";
import type { RunNotifier } from "./run-notifier";
import type { RunQueue } from "./run-queue";
import type { RunStore } from "./run-store";

/** After this time one looks for runs though no ticket has come, and asks a database again that has failed, in milliseconds. */
const pollIntervalMs = 1_000;
/** How often one looks whether others have ended what one carries out, in milliseconds. */
const ownershipCheckIntervalMs = 500;
/** So long after a database has failed something may still come of what it was asked for, in milliseconds. */
const commitUncertaintyMs = 60_000;

interface ActiveRun {
  readonly run: Run;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface RunSchedulerSettings {
  /** How many runs are carried out at once; with 0 that is left to other instances. */
  readonly slots: number;
  /** How long running runs may take to finish when the server stops, in milliseconds. */
  readonly shutdownGraceMs: number;
}

/** Carries out runs, as many side by side as there are slots. Which ones stands in the database. */
export class RunScheduler {
  private readonly active = new Set<ActiveRun>();
  private readonly turn = new Mutex();
  private readonly stopping = new AbortController();
  private readonly waiters = new Set<() => void>();
  private readonly timers: NodeJS.Timeout[] = [];
  /** Whether there may be a run to begin though no ticket will say so. */
  private mayHaveWork = true;
  /** Until when a run may be accepted or begun though the database's word of it got lost. */
  private commitUncertainUntil = -Infinity;

  constructor(
    private readonly claims: RunClaims,
    private readonly record: RunStore,
    private readonly answering: RunExecutor,
    private readonly interruptions: RunRecovery,
    private readonly queue: RunQueue,
    private readonly instance: Instance,
    private readonly settings: RunSchedulerSettings,
    private readonly log: Logger,
  ) {}

  /** Begins to carry out runs, if that is not left to others. */
  start(news: RunNotifier): void {
    if (this.settings.slots === 0) return;
    this.queue.start(this);
    this.timers.push(setInterval(() => void this.pollForWork(), pollIntervalMs).unref());
    if (this.instance.hasOthers) {
      this.timers.push(setInterval(() => void this.verifyOwnership(), ownershipCheckIntervalMs).unref());
      news.onRemote = (runId) => {
        if (this.activeAmong([runId]).length > 0) void this.verifyOwnership();
      };
    }
    void this.pollForWork();
  }

  /** Says that there may be a run to carry out. */
  wake(): void {
    this.queue.notifyWork();
  }

  /** Says that the database has failed while a run was accepted, and may have it all the same, or come to have it. */
  markCommitUncertain(): void {
    this.commitUncertainUntil = performance.now() + commitUncertaintyMs;
  }

  /** Stops the work on runs whose end is written already. */
  abort(runIds: readonly string[]): void {
    for (const { abort } of this.activeAmong(runIds)) abort.abort();
  }

  /** Stops all work, as others may be at it. */
  abortAll(): void {
    for (const { abort } of this.active) abort.abort();
  }

  async whenSlotFree(): Promise<void> {
    while (!this.hasFreeSlot && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  /** Begins one run, if a slot is free and there is one. */
  claimNext(): Promise<boolean> {
    return this.turn.runExclusive(async () => {
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
        this.log.error({ err: error }, "could not begin a run");
        return false;
      }
    });
  }

  /**
   * Begins nothing any more, and lets what runs finish for a while. What has not finished by then is begun again or ended,
   * as its agent says; what is queued is for other instances, or for the next start.
   */
  async close(): Promise<void> {
    this.stopping.abort();
    for (const timer of this.timers) clearInterval(timer);
    this.releaseWaiters();
    const left = this.queue.stop();
    await this.turn.waitForUnlock();
    const finished = Promise.all([...this.active].map(({ done }) => done));
    await Promise.race([finished, delay(this.settings.shutdownGraceMs, undefined, { ref: false })]);
    await Promise.all([...this.active].map((each) => this.interrupt(each)));
    await finished;
    await left;
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

  private releaseWaiters(): void {
    for (const go of this.waiters) go();
    this.waiters.clear();
  }

  private async pollForWork(): Promise<void> {
    // Alone, one knows of every run that has come in.
    if (!this.instance.hasOthers && !this.mayHaveWork && !this.isCommitUncertain) return;
    while (await this.claimNext());
  }

  /** Gives up what others have ended, or have taken over. */
  private async verifyOwnership(): Promise<void> {
    const carried = [...this.active];
    if (carried.length === 0) return;
    try {
      const own = new Map((await this.interruptions.ownRuns()).map(({ id, fence }) => [id, fence]));
      for (const { run, abort } of carried) if (own.get(run.id) !== run.fence) abort.abort();
    } catch (error) {
      this.log.error({ err: error }, "could not look after the runs that are being carried out");
    }
  }

  private async interruptUntracked(): Promise<void> {
    const begun = await this.interruptions.ownRuns();
    const known = new Set([...this.active].map(({ run }) => run.id));
    for (const run of begun.filter(({ id }) => !known.has(id))) await this.interruptions.interrupt(run);
  }

  private startRun(run: Run): void {
    const abort = new AbortController();
    const done = this.executeRun(run, abort.signal)
      .catch((error: unknown) => this.log.error({ err: error, runId: run.id }, "could not carry out a run"))
      .finally(() => {
        this.active.delete(entry);
        this.releaseWaiters();
        void this.claimNext();
      });
    const entry = { run, abort, done };
    this.active.add(entry);
  }

  private async executeRun(run: Run, signal: AbortSignal): Promise<void> {
    const outcome = await this.answering.execute(run, signal);
    if (outcome === "CLAIM_LOST") return;
    if (!("isInterrupted" in outcome)) return this.writeEnd(run, signal, () => this.record.end(run, outcome));
    await this.writeEnd(run, signal, () => this.interruptions.interrupt(run));
    if (outcome.usage) await this.record.recordUsage(run, outcome.usage);
  }

  /** A run that was carried out is not left running, however long the database is away. */
  private async writeEnd(run: Run, signal: AbortSignal, write: () => Promise<unknown>): Promise<void> {
    while (!signal.aborted) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.stopping.signal.aborted) throw error;
        this.log.error({ err: error, runId: run.id }, "could not write the end of a run, trying again");
        await delay(pollIntervalMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  private async interrupt({ run, abort }: ActiveRun): Promise<void> {
    try {
      await this.interruptions.interrupt(run);
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "could not hand on a run, which is left to who finds it");
    }
    abort.abort();
  }
}
