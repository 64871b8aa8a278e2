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

/** Callbacks for the events of an instance. */
export interface Duties {
  /** Must abort all work of this instance immediately, as the others consider it dead. */
  readonly onLost: () => void;
  /** Takes over the work of dead instances. Must not fail. @returns false if it must be called again */
  readonly takeOver: () => Promise<boolean>;
}

/** This process among all processes on the same database. Claimed work carries its id. */
export interface Instance {
  readonly id: string;
  /** Whether there may be other instances. */
  readonly hasOthers: boolean;
  /** Registers the instance. Must be called before any work is claimed. */
  open(): Promise<void>;
  start(duties: Duties): Promise<void>;
  /** Whether the instance is registered, so that the others leave its work alone. */
  isKnown(manager: EntityManager): Promise<boolean>;
  /** The ids that belong to no living instance; null always does. Must be called after the rows with these ids were read. */
  deadAmong(ids: readonly (string | null)[]): Promise<ReadonlySet<string | null>>;
  close(): Promise<void>;
}

/** The only instance: work that carries another id is abandoned. */
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
