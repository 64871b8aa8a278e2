/** Takes runs out of the queue. */
export interface RunTaker {
  /** Ends as soon as one more could be carried out. */
  whenFree(): Promise<void>;
  /** Looks for one to carry out, and begins it. */
  take(): Promise<unknown>;
}

/**
 * Tells those who carry out runs that there may be one. A ticket names none and decides nothing: which run is next, and
 * who carries it out, stands in the database. So it does no harm when tickets get lost, or come twice.
 */
export interface RunQueue {
  /** Never waits and never fails. */
  putTicket(): void;
  /** From now on hands the tickets to this one. */
  serve(taker: RunTaker): void;
  /** From now on leaves them to others. */
  stopServing(): Promise<void>;
  close(): Promise<void>;
}

/** Hands the tickets of this process to itself. */
export class LocalRunQueue implements RunQueue {
  private taker: RunTaker | undefined;

  putTicket(): void {
    void this.taker?.take();
  }

  serve(taker: RunTaker): void {
    this.taker = taker;
  }

  stopServing(): Promise<void> {
    this.taker = undefined;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
