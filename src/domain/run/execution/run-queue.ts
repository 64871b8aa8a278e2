/** Executes runs from the queue. */
export interface RunConsumer {
  /** Resolves once a slot is free. */
  whenSlotFree(): Promise<void>;
  /** Claims the next run, if there is one, and starts it. */
  claimNext(): Promise<unknown>;
}

/**
 * Notifies consumers that there may be a queued run. A notification names no run: the database decides which run is next
 * and which instance gets it, so lost or duplicate notifications do no harm.
 */
export interface RunQueue {
  /** Returns immediately and never throws. */
  notifyWork(): void;
  /** Delivers notifications to this consumer from now on. */
  start(consumer: RunConsumer): void;
  /** Leaves the notifications to other instances from now on. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Delivers the notifications of this process to this process. */
export class LocalRunQueue implements RunQueue {
  private consumer: RunConsumer | undefined;

  notifyWork(): void {
    void this.consumer?.claimNext();
  }

  start(consumer: RunConsumer): void {
    this.consumer = consumer;
  }

  stop(): Promise<void> {
    this.consumer = undefined;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
