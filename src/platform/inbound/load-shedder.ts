import type { Logger } from "pino";
import { ApiError } from "../../errors";

/** A turn of the event loop that takes longer means that requests wait. */
const maxTurnMs = 75;
/** While the process is overloaded, a turn takes no further requests after this time. */
const turnBudgetMs = 30;
/** More requests that wait for the verification of their credentials mean that they wait for the process or the database. */
const maxWaiting = 100;
/** A request that waits longer means the same. The database gives up a statement after twice this time. */
const maxWaitMs = 750;
/** So many wait at most while the process is overloaded: enough to keep it busy, and few enough to be answered soon. */
const maxWaitingOverloaded = 32;
/** A burst may last for this long. Only what lasts longer is more than the process can do. */
const burstMs = 1_000;
/** An overloaded process has recovered if it has taken all requests for this long. */
const recoveryMs = 1_000;
/** Without a request for this long, the process has nothing to catch up with. */
const idleMs = 20;

/**
 * Refuses requests while there are more than the process can handle, so that those which it takes are answered, and those
 * which it does not take are told soon. The process is overloaded once every turn of its event loop was long, or
 * requests waited for the verification of their credentials, many or for long, for the whole time that a burst may take.
 */
export class LoadShedder {
  /** Refused requests since the start. */
  refused = 0;
  /** Whether requests may be refused. */
  isOverloaded = false;
  /** When each of those that wait for the verification of their credentials began to, in that order. */
  private readonly waits = new Set<{ readonly startedAt: number }>();
  private turnStartedAt = -Infinity;
  private turnEndedAt = -Infinity;
  private isTurnOpen = false;
  private hasRefused = false;
  /** Since when there is pressure without a pause. */
  private pressureSince: number | undefined;
  private lastPressureAt = -Infinity;

  /** @param now in milliseconds of a monotonic clock */
  constructor(
    private readonly log: Pick<Logger, "warn">,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether the process can take a request now. */
  admits(): boolean {
    const now = this.now();
    if (!this.isTurnOpen) this.openTurn(now);
    if (!this.isOverloaded) return true;
    const hasRoom = this.waits.size < maxWaitingOverloaded && !this.isBehind;
    if (hasRoom && now - this.turnStartedAt <= turnBudgetMs) return true;
    this.hasRefused = true;
    this.refused++;
    return false;
  }

  /** @throws UNAVAILABLE if the process can't take a request now */
  admit(): void {
    if (!this.admits()) throw overloaded();
  }

  /** Counts a request that waits for the verification of its credential. @returns a function that ends the wait */
  wait(): () => void {
    const wait = { startedAt: this.now() };
    this.waits.add(wait);
    return () => void this.waits.delete(wait);
  }

  /** Counts a verification, which takes a statement of the database. */
  async verify<Result>(verification: () => Promise<Result>): Promise<Result> {
    const end = this.wait();
    try {
      return await verification();
    } finally {
      end();
    }
  }

  /** A turn is measured from its first request on; setImmediate() runs after all requests of the turn. */
  private openTurn(now: number): void {
    if (now - this.turnEndedAt > idleMs && !this.isBehind) this.pressureSince = undefined;
    this.isTurnOpen = true;
    this.turnStartedAt = now;
    setImmediate(() => this.closeTurn(this.now()));
  }

  private closeTurn(now: number): void {
    const isUnderPressure = now - this.turnStartedAt > maxTurnMs || this.isBehind || this.hasRefused;
    if (isUnderPressure) {
      this.pressureSince ??= now;
      this.lastPressureAt = now;
      if (!this.isOverloaded && now - this.pressureSince >= burstMs) this.change(true);
    } else {
      this.pressureSince = undefined;
      if (this.isOverloaded && now - this.lastPressureAt >= recoveryMs) this.change(false);
    }
    this.isTurnOpen = false;
    this.hasRefused = false;
    this.turnEndedAt = now;
  }

  private change(isOverloaded: boolean): void {
    this.isOverloaded = isOverloaded;
    if (isOverloaded) this.log.warn("the process has more requests than it can handle; refusing some");
    else this.log.warn("the process handles all requests again");
  }

  private get isBehind(): boolean {
    const [oldest] = this.waits;
    return oldest !== undefined && (this.waits.size >= maxWaiting || this.now() - oldest.startedAt > maxWaitMs);
  }
}

/** For a request that the process can't take now. */
export const overloaded = () =>
  new ApiError("UNAVAILABLE", "The server has more requests than it can handle. Try again in a moment.", {
    extensions: { retryAfterMs: 1_000 },
  });
