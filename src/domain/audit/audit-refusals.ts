import type { Logger } from "pino";
import type { Database } from "../../platform/database/database";
import { type AuditLog, noOrigin, type Origin } from "./audit-log";

export type Refusal = "REFUSE_OPERATION" | "REFUSE_ADDRESS" | "REFUSE_REVOKED_KEY" | "TRIP_API_KEY";

/** The key that was refused. */
export interface RefusedKey {
  readonly keyId: string;
  readonly appId: string;
  readonly name: string;
}

interface Counted {
  readonly key: RefusedKey;
  readonly refusal: Refusal;
  readonly since: Date;
  readonly required: Set<string>;
  occurrences: number;
  origin: Origin;
}

/** Kinds of refusals by key that are kept until they are written. Beyond it they are counted only. */
const maxCounted = 10_000;
/** Requirements that an entry names. */
const maxRequired = 10;
/** Entries per transaction; small, so that nothing else waits long for the database. */
const batchSize = 100;

/**
 * Counts refusals, and writes one entry a minute for each key and kind. A refusal costs a request nothing that way, and a
 * key that is refused in a loop does not fill the log. A crash loses at most a minute.
 */
export class AuditRefusals {
  private counted = new Map<string, Counted>();
  private dropped = 0;
  private readonly timer: NodeJS.Timeout;
  private pendingFlush = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly auditLog: AuditLog,
    private readonly log: Logger,
    intervalMs: number,
  ) {
    this.timer = setInterval(() => void this.flush(), intervalMs).unref();
  }

  /** @param required the permissions that were lacking */
  record(
    refusal: Refusal,
    { keyId, appId, name: keyName }: RefusedKey,
    { address, requestId }: Origin = noOrigin,
    required: readonly string[] = [],
  ): void {
    const name = `${refusal} ${keyId}`;
    // Copied, as the objects that were given may hold much more.
    const [key, origin] = [
      { keyId, appId, name: keyName },
      { address, requestId },
    ];
    const counted = this.counted.get(name);
    if (counted) {
      counted.occurrences += 1;
      counted.origin = origin;
    } else if (this.counted.size < maxCounted) {
      this.counted.set(name, { key, refusal, since: new Date(), required: new Set(), occurrences: 1, origin });
    } else this.dropped += 1;
    if (refusal === "TRIP_API_KEY" && !counted) this.raiseAlarm(key, origin);
    const known = this.counted.get(name)?.required;
    for (const each of required) if (known && known.size < maxRequired) known.add(each);
  }

  /** Once a minute for each key, as its uses are counted from then on. */
  private raiseAlarm({ keyId, appId, name }: RefusedKey, origin: Origin): void {
    this.log.warn({ keyId, appId, key: name, ...origin }, "ALARM: an API key that is a tripwire was used");
  }

  /** Writes everything counted so far. What fails is retried by the next flush. */
  flush(): Promise<void> {
    this.pendingFlush = this.pendingFlush.then(() => this.write());
    return this.pendingFlush;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private async write(): Promise<void> {
    const all = this.counted;
    this.counted = new Map();
    if (this.dropped > 0) this.log.warn({ refusals: this.dropped }, "more keys were refused than the audit log counts");
    this.dropped = 0;
    // By app, so that a transaction locks few chains.
    const waiting = [...all.values()].sort((one, other) => (one.key.appId < other.key.appId ? -1 : 1));
    for (let from = 0; from < waiting.length; from += batchSize) {
      const batch = waiting.slice(from, from + batchSize);
      await this.writeBatch(batch).catch((error: unknown) => {
        this.log.error({ err: error }, "failed to write refusals to the audit log; retrying");
        for (const each of batch) this.restore(each);
      });
    }
  }

  private async writeBatch(batch: readonly Counted[]): Promise<void> {
    await this.db.transaction(async (manager) => {
      for (const { key, refusal, since, required, occurrences, origin } of batch) {
        const { keyId, appId, name } = key;
        this.auditLog.record(manager, {
          appId,
          actor: { kind: "API_KEY", id: keyId, name },
          origin,
          action: refusal,
          target: { id: keyId, name },
          after: required.size === 0 ? null : { required: [...required] },
          at: since,
          occurrences,
        });
      }
    });
  }

  private restore(counted: Counted): void {
    const name = `${counted.refusal} ${counted.key.keyId}`;
    const newer = this.counted.get(name);
    if (newer) newer.occurrences += counted.occurrences;
    else this.counted.set(name, counted);
  }
}
