import { ApiError } from "../../errors";
import { type FairShare, laneKeyOf } from "./fair-scheduler";

export interface SharedResource {
  /** For programs, such as `subscriptions`. */
  readonly name: string;
  /** For people, in the plural, such as `open subscriptions`. */
  readonly noun: string;
  /** One sentence: what a caller that is refused can do. */
  readonly remedy: string;
}

/**
 * Bounds what one process holds for all its callers at a time, as a number or in bytes. An app has at most half of it and
 * a key at most a quarter, so that none of them takes it all; a tenth is reserved for administrators.
 */
export class SharedLimit {
  private readonly used = new Map<string, number>();

  /** @param max the maximum of the process */
  constructor(
    private readonly resource: SharedResource,
    private readonly max: number,
  ) {}

  /**
   * Takes a share until the returned function is called, once or more often.
   *
   * @param maxOfApp the app's own limit; null if it has none
   *
   * @throws LIMIT_REACHED with the limit that would be exceeded, what is allowed and what is used
   */
  take(holder: FairShare, amount = 1, maxOfApp: number | null = null): () => void {
    const bounds = this.boundsOf(holder, maxOfApp ?? Infinity);
    const exceeded = bounds.find(({ id, max }) => this.usedBy(id) + amount > max);
    if (exceeded) throw this.limitReached(exceeded);

    for (const { id } of bounds) this.used.set(id, this.usedBy(id) + amount);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      for (const { id } of bounds) {
        const rest = this.usedBy(id) - amount;
        if (rest > 0) this.used.set(id, rest);
        else this.used.delete(id);
      }
    };
  }

  private usedBy(id: string): number {
    return this.used.get(id) ?? 0;
  }

  private boundsOf(share: FairShare, maxOfApp: number): Bound[] {
    const { max } = this;
    const { appId } = share;
    // An administrator has no app.
    if (appId === "") return [{ id: "", of: "SERVER", max }];
    return [
      { id: `key ${laneKeyOf(share)}`, of: "API_KEY", max: Math.ceil(max / 4) },
      { id: `app ${appId}`, of: "APP", max: Math.min(maxOfApp, Math.ceil(max / 2)) },
      { id: "", of: "SERVER", max: Math.max(1, Math.floor(max * 0.9)) },
    ];
  }

  private limitReached({ id, of, max }: Bound): ApiError {
    const { name, noun, remedy } = this.resource;
    const used = this.usedBy(id);
    const message = `${ownerOf[of]} may have at most ${max} ${noun} at a time, and ${used} are in use. ${remedy}`;
    return new ApiError("LIMIT_REACHED", message, {
      extensions: { limit: name, of, max, allowed: max, used, availableAt: null },
    });
  }
}

interface Bound {
  readonly id: string;
  readonly of: keyof typeof ownerOf;
  readonly max: number;
}

const ownerOf = { API_KEY: "An API key", APP: "An app", SERVER: "This server" } as const;
