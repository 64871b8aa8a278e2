import { setImmediate as nextTurn } from "node:timers/promises";

/** All synchronous statements of one turn of the event loop share this time. */
const maxMsPerTurn = 10;

/** Lets others in between synchronous statements: of one request, and of many requests that arrive together. */
export class TurnBudget {
  private usedMs = 0;

  /** Whether others must be let in first. */
  get isSpent(): boolean {
    return this.usedMs >= maxMsPerTurn;
  }

  /** Waits for a turn that has time left. */
  async wait(): Promise<void> {
    while (this.isSpent) await nextTurn();
  }

  use(ms: number): void {
    if (this.usedMs === 0) setImmediate(() => (this.usedMs = 0));
    this.usedMs += ms;
  }
}
