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
    const release = await this.queue.acquire(share, AbortSignal.timeout(timeoutMs)).catch((error: unknown) => {
      throw unavailable(error);
    });
    try {
      return await work(Math.max(1, timeoutMs - (performance.now() - startedAt)));
    } finally {
      release();
    }
  }
}
