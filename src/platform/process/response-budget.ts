import { EventLoopTurns } from "./event-loop-turns";

/** The fields that an operation completes before other work gets a turn; they take a few tens of milliseconds. */
const fieldsPerTurn = 6_000;

/** The turns of all operations, so that those of many operations do not add up. */
const turns = new EventLoopTurns();

interface Waiting {
  readonly fields: number;
  readonly start: () => void;
}

/**
 * Bounds what the result of one operation costs while it is executed: its bytes, and the time that it holds the event
 * loop.
 */
export class ResponseBudget {
  /** The result as JSON, if it is large; set once the operation has ended. */
  serialized: Buffer | undefined;
  private bytes = 0;
  private fieldsLeft = fieldsPerTurn;
  private waiting: Waiting[] = [];

  constructor(readonly maxBytes: number) {}

  /** Whether the result has become larger than the maximum. It is discarded then. */
  get isExceeded(): boolean {
    return this.bytes > this.maxBytes;
  }

  /** An estimate of the size of the result so far, as JSON. */
  get usedBytes(): number {
    return this.bytes;
  }

  add(bytes: number): void {
    this.bytes += bytes;
  }

  /** Begins the next result of a subscription. */
  reset(): void {
    this.bytes = 0;
  }

  /** @returns undefined if these fields can be completed now, else a promise for when it is their turn */
  turnFor(fields: number): Promise<void> | undefined {
    if (this.waiting.length === 0 && this.fieldsLeft > 0) {
      this.fieldsLeft -= fields;
      return undefined;
    }
    return new Promise((start) => {
      this.waiting.push({ fields, start });
      if (this.waiting.length === 1) this.waitForTurn();
    });
  }

  /** The number of objects to complete in one turn, if each has this many fields. */
  objectsPerTurn(fields: number): number {
    return Math.max(1, Math.floor(fieldsPerTurn / fields));
  }

  private waitForTurn(): void {
    turns.next(() => {
      this.fieldsLeft = fieldsPerTurn;
      const next = this.waiting.findIndex(({ fields }) => (this.fieldsLeft -= fields) <= 0);
      const started = this.waiting.splice(0, next < 0 ? this.waiting.length : next + 1);
      for (const { start } of started) start();
      if (this.waiting.length > 0) this.waitForTurn();
    });
  }
}
