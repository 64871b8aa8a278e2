import { ApiError } from "../../errors";
import { FairQueue, QueueFullError } from "./fair-queue";
import type { FairShare } from "./fair-scheduler";

/** Those who wait are bounded in number elsewhere; this bounds what arrives faster than it can be looked at. */
const maxWaiting = 20_000;

/**
 * Spreads pieces of work that arrive in bursts over the turns of the event loop, so that a burst does not hold the loop,
 * and one of one app or key does not delay the others.
 */
export class LoopTurns {
  private readonly queue = new FairQueue({ total: 1, perApp: 1, perLane: 1, maxWaiting });
  private isTurnOpen = false;
  private spentMs = 0;
  /** Begins the next piece. Set once the budget of the turn is spent. */
  private beginNext: (() => void) | undefined;

  /** @param budgetMs how long pieces may begin in one turn of the loop, which accepts one connection and so must be short */
  constructor(
    private readonly budgetMs = 0,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @throws LIMIT_REACHED if too many of the same app or key wait */
  async next(share: FairShare): Promise<void> {
    const release = await this.queue.acquire(share).catch(throwLimitReached);
    this.openTurn();
    const startedAt = this.now();
    // Runs when the piece has done all that it does before it waits for something.
    process.nextTick(() => {
      this.spentMs += this.now() - startedAt;
      if (this.spentMs < this.budgetMs) release();
      else this.beginNext = release;
    });
  }

  private openTurn(): void {
    if (this.isTurnOpen) return;
    this.isTurnOpen = true;
    setImmediate(() => this.closeTurn());
  }

  private closeTurn(): void {
    this.isTurnOpen = false;
    this.spentMs = 0;
    const { beginNext } = this;
    if (!beginNext) return;
    this.beginNext = undefined;
    this.openTurn();
    beginNext();
  }
}

function throwLimitReached(error: unknown): never {
  if (!(error instanceof QueueFullError)) throw error;
  const { scope, max } = error;
  const of = { process: "SERVER", app: "APP", lane: "API_KEY" }[scope];
  throw new ApiError("LIMIT_REACHED", "Too many operations arrived at once. Send them again, fewer at a time.", {
    extensions: { limit: "waitingOperations", of, allowed: max, used: max, availableAt: null },
  });
}
