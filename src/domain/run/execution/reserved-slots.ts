import { setTimeout as delay } from "node:timers/promises";
import type { FairShare } from "../../../platform/process/fair-scheduler";
import type { Run } from "../run.entity";
import { type BegunRun, ExecutedRun } from "./executed-run";

const pollMs = 5;

/** A slot that is held for a run whose acceptance is being committed. */
export interface ReservedSlot {
  readonly workerId: string;
  /** To be called after the commit: executes the run. */
  begin(run: Run, begun: BegunRun): void;
  /** Gives the slot back if the run was not begun. */
  release(): void;
}

/** The slots of an instance that are held for runs whose acceptance is being committed. */
export class ReservedSlots {
  private readonly held = new Map<string, FairShare>();

  /**
   * @param start executes a run
   * @param onFree is called when a slot was given back
   */
  constructor(
    private readonly start: (run: ExecutedRun) => void,
    private readonly onFree: () => void,
  ) {}

  get size(): number {
    return this.held.size;
  }

  get runIds(): string[] {
    return [...this.held.keys()];
  }

  get shares(): FairShare[] {
    return [...this.held.values()];
  }

  hold(runId: string, share: FairShare, workerId: string): ReservedSlot {
    this.held.set(runId, share);
    return {
      workerId,
      begin: (run, begun) => {
        if (this.held.delete(runId)) this.start(new ExecutedRun(run, begun));
      },
      release: () => {
        if (this.held.delete(runId)) this.onFree();
      },
    };
  }

  /** The runs do not begin: they have ended before this process learns that their acceptance is committed. */
  drop(runIds: readonly string[]): void {
    for (const id of runIds) this.held.delete(id);
  }

  /** Resolves once all have begun or were given back, which the timeout of transactions bounds. */
  async settled(): Promise<void> {
    while (this.size > 0) await delay(pollMs);
  }
}
