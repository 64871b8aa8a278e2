import { setTimeout as delay } from "node:timers/promises";
import { Mutex } from "async-mutex";
import type { Logger } from "pino";
import type { Instance } from "../instance/instance";
import type { Answering } from "./answering";
import type { Interruptions } from "./interruptions";
import type { Run } from "./run.entity";
import type { RunClaims } from "./run-claims";
import type { RunNews } from "./run-news";
import type { RunQueue } from "./run-queue";
import type { RunRecord } from "./run-record";

/** After this time one looks for runs though no ticket has come, and asks a database again that has failed, in milliseconds. */
const pause = 1_000;
/** How often one looks whether others have ended what one carries out, in milliseconds. */
const lookAfterOwn = 500;
/** So long after a database has failed something may still come of what it was asked for, in milliseconds. */
const aftermath = 60_000;

interface Carried {
  readonly run: Run;
  readonly giveUp: AbortController;
  readonly done: Promise<void>;
}

export interface EngineSettings {
  /** How many runs are carried out at once; with 0 that is left to other instances. */
  readonly slots: number;
  /** How long running runs may take to finish when the server stops, in milliseconds. */
  readonly grace: number;
}

/** Carries out runs, as many side by side as there are slots. Which ones stands in the database. */
export class RunEngine {
  private readonly carried = new Set<Carried>();
  private readonly turn = new Mutex();
  private readonly stopping = new AbortController();
  private readonly waiters = new Set<() => void>();
  private readonly timers: NodeJS.Timeout[] = [];
  /** Whether there may be a run to begin though no ticket will say so. */
  private mayHaveMore = true;
  /** Until when a run may be accepted or begun though the database's word of it got lost. */
  private inDoubtUntil = -Infinity;

  constructor(
    private readonly claims: RunClaims,
    private readonly record: RunRecord,
    private readonly answering: Answering,
    private readonly interruptions: Interruptions,
    private readonly queue: RunQueue,
    private readonly instance: Instance,
    private readonly settings: EngineSettings,
    private readonly log: Logger,
  ) {}

  /** Begins to carry out runs, if that is not left to others. */
  start(news: RunNews): void {
    if (this.settings.slots === 0) return;
    this.queue.serve(this);
    this.timers.push(setInterval(() => void this.lookForMore(), pause).unref());
    if (this.instance.hasOthers) {
      this.timers.push(setInterval(() => void this.lookAfterOwn(), lookAfterOwn).unref());
      news.onForeign = (runId) => {
        if (this.carriedOf([runId]).length > 0) void this.lookAfterOwn();
      };
    }
    void this.lookForMore();
  }

  /** Says that there may be a run to carry out. */
  wake(): void {
    this.queue.putTicket();
  }

  /** Says that the database has failed while a run was accepted, and may have it all the same, or come to have it. */
  doubt(): void {
    this.inDoubtUntil = performance.now() + aftermath;
  }

  /** Stops the work on runs whose end is written already. */
  abandon(runIds: readonly string[]): void {
    for (const { giveUp } of this.carriedOf(runIds)) giveUp.abort();
  }

  /** Stops all work, as others may be at it. */
  abandonAll(): void {
    for (const { giveUp } of this.carried) giveUp.abort();
  }

  async whenFree(): Promise<void> {
    while (!this.isFree && !this.stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.waiters.add(resolve));
    }
  }

  /** Begins one run, if a slot is free and there is one. */
  take(): Promise<boolean> {
    return this.turn.runExclusive(async () => {
      if (!this.isFree || this.stopping.signal.aborted) return false;
      try {
        if (this.isInDoubt) await this.interruptUnknown();
        const claim = await this.claims.next();
        this.mayHaveMore = claim !== "NOTHING";
        if (typeof claim === "string") return false;
        this.carry(claim.run);
        return true;
      } catch (error) {
        this.mayHaveMore = true;
        this.doubt();
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
    this.letWaitersGo();
    const left = this.queue.stopServing();
    await this.turn.waitForUnlock();
    const finished = Promise.all([...this.carried].map(({ done }) => done));
    await Promise.race([finished, delay(this.settings.grace, undefined, { ref: false })]);
    await Promise.all([...this.carried].map((each) => this.breakOff(each)));
    await finished;
    await left;
    await this.queue.close();
  }

  private get isFree(): boolean {
    return this.carried.size < this.settings.slots;
  }

  private get isInDoubt(): boolean {
    return performance.now() < this.inDoubtUntil;
  }

  private carriedOf(runIds: readonly string[]): Carried[] {
    return [...this.carried].filter(({ run }) => runIds.includes(run.id));
  }

  private letWaitersGo(): void {
    for (const go of this.waiters) go();
    this.waiters.clear();
  }

  private async lookForMore(): Promise<void> {
    // Alone, one knows of every run that has come in.
    if (!this.instance.hasOthers && !this.mayHaveMore && !this.isInDoubt) return;
    while (await this.take());
  }

  /** Gives up what others have ended, or have taken over. */
  private async lookAfterOwn(): Promise<void> {
    const carried = [...this.carried];
    if (carried.length === 0) return;
    try {
      const own = new Map((await this.interruptions.ownRuns()).map(({ id, fence }) => [id, fence]));
      for (const { run, giveUp } of carried) if (own.get(run.id) !== run.fence) giveUp.abort();
    } catch (error) {
      this.log.error({ err: error }, "could not look after the runs that are being carried out");
    }
  }

  private async interruptUnknown(): Promise<void> {
    const begun = await this.interruptions.ownRuns();
    const known = new Set([...this.carried].map(({ run }) => run.id));
    for (const run of begun.filter(({ id }) => !known.has(id))) await this.interruptions.interrupt(run);
  }

  private carry(run: Run): void {
    const giveUp = new AbortController();
    const done = this.carryOut(run, giveUp.signal)
      .catch((error: unknown) => this.log.error({ err: error, runId: run.id }, "could not carry out a run"))
      .finally(() => {
        this.carried.delete(carried);
        this.letWaitersGo();
        void this.take();
      });
    const carried = { run, giveUp, done };
    this.carried.add(carried);
  }

  private async carryOut(run: Run, signal: AbortSignal): Promise<void> {
    const outcome = await this.answering.answer(run, signal);
    if (!outcome) return;
    if (!("isBrokenOff" in outcome)) return this.writeEnd(run, signal, () => this.record.end(run, outcome));
    await this.writeEnd(run, signal, () => this.interruptions.interrupt(run));
    if (outcome.usage) await this.record.noteUsage(run, outcome.usage);
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
        await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  private async breakOff({ run, giveUp }: Carried): Promise<void> {
    try {
      await this.interruptions.interrupt(run);
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "could not hand on a run, which is left to who finds it");
    }
    giveUp.abort();
  }
}
