import { type FairCapacity, FairScheduler, type FairShare, laneKeyOf } from "./fair-scheduler";

export interface FairQueueLimits extends FairCapacity {
  /**
   * How many tasks may wait. An app may take half of the room that other apps leave, and a lane half of the room of its
   * app that other lanes leave, so that there is room for an app and a lane that have none.
   */
  readonly maxWaiting: number;
}

/** The queue is full, or the part of it that one app or one lane may take. */
export class QueueFullError extends Error {
  constructor(
    readonly scope: "process" | "app" | "lane",
    readonly max: number,
  ) {
    super(`The queue has its maximum of ${max} waiting tasks for the ${scope}`);
    this.name = "QueueFullError";
  }
}

interface Waiting extends FairShare {
  readonly start: () => void;
}

/** Runs tasks with a bounded concurrency and a bounded queue, in fair turns by app and, within an app, by lane. */
export class FairQueue {
  private readonly scheduler: FairScheduler;
  private readonly inProgress = new Set<FairShare>();
  /** By lane, in the order of arrival. Lanes are in the order in which their first tasks arrived. */
  private readonly lanes = new Map<string, Set<Waiting>>();
  private readonly waitingOfApp = new Map<string, number>();
  private waiting = 0;

  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.inProgress.size, waiting: this.waiting };
  }

  constructor(private readonly limits: FairQueueLimits) {
    this.scheduler = new FairScheduler(limits);
  }

  /**
   * Waits for a place, runs the task, and releases the place.
   *
   * @param signal ends the wait for a place; a task that has started ends by its own means
   * @throws {QueueFullError} if too many tasks wait already
   * @throws the reason of the signal, if it is aborted while the task waits
   */
  async run<Result>(share: FairShare, task: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const release = await this.acquire(share, signal);
    try {
      return await task();
    } finally {
      release();
    }
  }

  /** Waits for a place. Throws like `run`. @returns releases the place; to be called once */
  async acquire(share: FairShare, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    return this.tryAcquire(share) ?? this.wait(share, signal);
  }

  /** For a share that has just found no place. Throws like `run`. @returns releases the place; to be called once */
  async wait(share: FairShare, signal?: AbortSignal): Promise<() => void> {
    this.assertRoomToWait(share);
    return this.waitForTurn(share, signal);
  }

  /** @returns undefined if there is no place without a wait; else releases the place, to be called once */
  tryAcquire({ appId, lane }: FairShare): (() => void) | undefined {
    const share: FairShare = { appId, lane };
    if (this.waiting > 0 || this.scheduler.next([share], [...this.inProgress]).length === 0) return undefined;
    return this.take(share);
  }

  private take(share: FairShare): () => void {
    this.inProgress.add(share);
    return () => {
      this.inProgress.delete(share);
      this.startNext();
    };
  }

  private assertRoomToWait(share: FairShare): void {
    const { maxWaiting } = this.limits;
    const ofApp = this.waitingOfApp.get(share.appId) ?? 0;
    const ofLane = this.lanes.get(laneKeyOf(share))?.size ?? 0;
    const maxOfApp = halfOf(maxWaiting - (this.waiting - ofApp));
    const maxOfLane = halfOf(maxOfApp - (ofApp - ofLane));
    if (this.waiting >= maxWaiting) throw new QueueFullError("process", maxWaiting);
    if (ofApp >= maxOfApp) throw new QueueFullError("app", maxOfApp);
    if (ofLane >= maxOfLane) throw new QueueFullError("lane", maxOfLane);
  }

  private waitForTurn({ appId, lane }: FairShare, signal: AbortSignal | undefined): Promise<() => void> {
    const share: FairShare = { appId, lane };
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.remove(waiting);
        reject(signal?.reason as Error);
      };
      const start = () => {
        signal?.removeEventListener("abort", abort);
        this.remove(waiting);
        resolve(this.take(share));
      };
      const waiting = { ...share, start };
      signal?.addEventListener("abort", abort, { once: true });
      this.add(waiting);
      this.startNext();
    });
  }

  private startNext(): void {
    if (this.waiting === 0) return;
    const heads = [...this.lanes.values()].flatMap(([first]) => first ?? []);
    for (const { start } of this.scheduler.next(heads, [...this.inProgress])) start();
  }

  private add(waiting: Waiting): void {
    const key = laneKeyOf(waiting);
    const lane = this.lanes.get(key) ?? new Set();
    this.lanes.set(key, lane.add(waiting));
    this.waitingOfApp.set(waiting.appId, (this.waitingOfApp.get(waiting.appId) ?? 0) + 1);
    this.waiting++;
  }

  private remove(waiting: Waiting): void {
    const key = laneKeyOf(waiting);
    const lane = this.lanes.get(key);
    lane?.delete(waiting);
    this.lanes.delete(key);
    // The rest of the lane goes to the end, as other lanes have waited for longer since their last turn.
    if (lane && lane.size > 0) this.lanes.set(key, lane);
    const ofApp = (this.waitingOfApp.get(waiting.appId) ?? 0) - 1;
    if (ofApp > 0) this.waitingOfApp.set(waiting.appId, ofApp);
    else this.waitingOfApp.delete(waiting.appId);
    this.waiting--;
  }
}

const halfOf = (count: number): number => Math.ceil(count / 2);
