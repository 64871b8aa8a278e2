/** Takes runs out of the queue. */
export interface RunConsumer {
  /** Ends as soon as one more could be carried out. */
  whenSlotFree(): Promise<void>;
  /** Looks for one to carry out, and begins it. */
  claimNext(): Promise<unknown>;
}

/**
 * Tells those who carry out runs that there may be one. A ticket names none and decides nothing: which run is next, and
 * who carries it out, stands in the database. So it does no harm when tickets get lost, or come twice.
 */
export interface RunQueue {
  /** Never waits and never fails. */
  notifyWork(): void;
  /** From now on hands the tickets to this one. */
  start(taker: RunConsumer): void;
  /** From now on leaves them to others. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Hands the tickets of this process to itself. */
export class LocalRunQueue implements RunQueue {
  private taker: RunConsumer | undefined;

  notifyWork(): void {
    void this.taker?.claimNext();
  }

  start(taker: RunConsumer): void {
    this.taker = taker;
  }

  stop(): Promise<void> {
    this.taker = undefined;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
