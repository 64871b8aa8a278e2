import type { EntityManager } from "typeorm";
import { newId } from "../database/ids";

export interface InstanceTimings {
  /** Interval in which an instance writes its heartbeat and reads the heartbeats of the others. */
  readonly heartbeatIntervalMs: number;
  /** Silence after which the others expire an instance. */
  readonly deadAfterMs: number;
  /** Silence after which an instance gives up its own work; shorter than `deadAfterMs`. */
  readonly selfLostAfterMs: number;
  /** Delay before a single instance retries a takeover that failed. */
  readonly takeoverRetryMs: number;
}

/** What an instance has others do. */
export interface Duties {
  /** To give up at once what is done in the name of an instance that the others take for dead. */
  readonly onLost: () => void;
  /** To look for what instances that are gone have left. Never fails. @returns false where it is to be done again */
  readonly takeOver: () => Promise<boolean>;
}

/** This process among those that work on the same database. What it works on bears its id. */
export interface Instance {
  readonly id: string;
  /** Whether there may be others. */
  readonly hasOthers: boolean;
  /** Makes it known. To be called before anything bears its id. */
  open(): Promise<void>;
  start(duties: Duties): Promise<void>;
  /** Whether the others know it, so that what bears its id is not taken away from it. */
  isKnown(manager: EntityManager): Promise<boolean>;
  /** Those of these ids that belong to no living instance. Null is nobody's. To be asked after what bears them was read. */
  deadAmong(ids: readonly (string | null)[]): Promise<ReadonlySet<string | null>>;
  close(): Promise<void>;
}

/** The only one there is: whatever others have left is its own from the start. */
export class SingleInstance implements Instance {
  readonly id = newId();
  readonly hasOthers = false;
  private readonly closing = new AbortController();

  constructor(private readonly timings: InstanceTimings) {}

  open(): Promise<void> {
    return Promise.resolve();
  }

  async start({ takeOver }: Duties): Promise<void> {
    if (await takeOver()) return;
    const timer = setInterval(() => {
      void takeOver().then((isDone) => isDone && clearInterval(timer));
    }, this.timings.takeoverRetryMs).unref();
    this.closing.signal.addEventListener("abort", () => clearInterval(timer));
  }

  isKnown(): Promise<boolean> {
    return Promise.resolve(true);
  }

  deadAmong(ids: readonly (string | null)[]): Promise<ReadonlySet<string | null>> {
    return Promise.resolve(new Set(ids.filter((id) => id !== this.id)));
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }
}
