import { unavailable } from "../../errors";
import { FairQueue, type FairQueueLimits } from "../process/fair-queue";
import type { FairShare } from "../process/fair-scheduler";

/** Runs the statements of a database, or its transactions, a bounded number at once and in fair turns. */
export class StatementQueue {
  private readonly queue: FairQueue;

  constructor(limits: FairQueueLimits) {
    this.queue = new FairQueue(limits);
  }

  get load(): FairQueue["load"] {
    return this.queue.load;
  }

  /**
   * @param timeoutMs the maximum for the wait and the work together
   * @throws UNAVAILABLE if too many wait already, or if the turn does not come in time
   */
  async run<Result>(
    share: FairShare,
    timeoutMs: number,
    work: (remainingMs: number) => Promise<Result>,
  ): Promise<Result> {
    const startedAt = performance.now();
    if (share.counter) share.counter.statements++;
    const release = this.queue.tryAcquire(share) ?? (await this.waitForTurn(share, timeoutMs));
    try {
      return await work(Math.max(1, timeoutMs - (performance.now() - startedAt)));
    } finally {
      release();
    }
  }

  /** Not with AbortSignal.timeout(), whose timer stays when the turn has come, and then makes an error. */
  private async waitForTurn(share: FairShare, timeoutMs: number): Promise<() => void> {
    const wait = new AbortController();
    const end = () => wait.abort(new Error(`The turn did not come within ${Math.round(timeoutMs)} ms`));
    const timer = setTimeout(end, timeoutMs).unref();
    try {
      return await this.queue.wait(share, wait.signal);
    } catch (error) {
      throw unavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
