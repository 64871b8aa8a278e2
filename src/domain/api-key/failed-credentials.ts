import { createHmac } from "node:crypto";
import { ApiError, rateLimited } from "../../errors";
import type { RateCounter } from "../../platform/rates/rate-counter";
import type { Credential } from "./authenticator";
import { digestOf } from "./secret";

const windowSeconds = 60;

/** Addresses share this many counters, so that their number does not grow with the number of addresses. */
const maxCounters = 65_536;

/** Credentials that are remembered to be valid. */
const maxKnown = 10_000;

/**
 * Limits how often an address may send invalid credentials. An address above its limit is refused without asking the
 * database, except for credentials that were valid before, so that it can't lock out others behind the same proxy; and
 * except for the administrator's key, which is compared in memory.
 */
export class FailedCredentials {
  /** When the counters that are above the limit start again, in milliseconds of a monotonic clock. */
  private readonly refusedUntil = new Map<string, number>();
  /** The digests of credentials that were valid, the one that was used last at the end. */
  private readonly known = new Set<string>();

  /** @param seed a secret, so that nobody can choose addresses that share the counter of another address */
  constructor(
    private readonly counter: Pick<RateCounter, "use">,
    private readonly maxPerMinute: number,
    private readonly seed: string,
  ) {}

  /**
   * Verifies a credential that came from an address.
   *
   * @throws RATE_LIMITED if it is invalid and the address has sent too many
   * @throws what `verify` throws
   */
  async guard<Result>(address: string, credential: Credential, verify: () => Promise<Result>): Promise<Result> {
    const known = digestOf(`${credential.kind} ${credential.secret}`).toString("base64");
    const mayAsk = credential.kind === "ADMIN_KEY" || this.known.has(known);
    if (!mayAsk && this.refusedUntil.size > 0) this.assertNotRefused(this.counterOf(address));
    try {
      const result = await verify();
      this.remember(known);
      return result;
    } catch (error) {
      if (isUnknown(error)) await this.count(this.counterOf(address));
      throw error;
    }
  }

  private assertNotRefused(name: string): void {
    const until = this.refusedUntil.get(name);
    if (until === undefined) return;
    const remainingMs = until - performance.now();
    if (remainingMs > 0) throw tooMany(remainingMs);
    this.refusedUntil.delete(name);
  }

  private async count(name: string): Promise<void> {
    const { points, resetMs } = await this.counter.use(name, 1, windowSeconds);
    if (points <= this.maxPerMinute) return;
    this.refusedUntil.set(name, performance.now() + resetMs);
    throw tooMany(resetMs);
  }

  private remember(known: string): void {
    this.known.delete(known);
    this.known.add(known);
    const [oldest] = this.known;
    if (this.known.size > maxKnown && oldest !== undefined) this.known.delete(oldest);
  }

  private counterOf(address: string): string {
    const hash = createHmac("sha256", this.seed).update(address).digest();
    return `failed:${hash.readUInt32BE() % maxCounters}`;
  }
}

/** The reasons of what was valid once, or is for somebody else, and so is no guess. */
const noGuesses: ReadonlySet<unknown> = new Set([
  "KEY_REVOKED",
  "ADMINISTRATOR_REVOKED",
  "SESSION_ENDED",
  "TOKEN_EXPIRED",
  "TOKEN_WITHOUT_ROLE",
]);

const isUnknown = (error: unknown): boolean =>
  error instanceof ApiError && error.code === "UNAUTHENTICATED" && !noGuesses.has(error.extensions["reason"]);

const tooMany = (retryAfterMs: number) =>
  rateLimited("Your address has sent too many invalid credentials. Check the credential that you send.", retryAfterMs);
