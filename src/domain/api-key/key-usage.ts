import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Logger } from "pino";
import { IsNull, LessThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { ApiKey } from "./api-key.entity";

const flushIntervalMs = 60_000;
/** Keys per transaction; small, so that nothing else waits long for the database. */
const batchSize = 100;

interface Use {
  readonly lastUsedAt: Date;
  readonly lastUsedFrom: string | null;
}

/** Collects when and from where keys were last used, and writes it once a minute and on close. A crash loses at most one minute. */
export class KeyUsage {
  private readonly lastUses = new Map<string, Use>();
  private readonly timer = setInterval(() => void this.flush(), flushIntervalMs).unref();
  private pendingFlush = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly log: Logger,
    private readonly keepsAddresses: boolean,
  ) {}

  record(keyId: string, address: string): void {
    this.lastUses.set(keyId, { lastUsedAt: new Date(), lastUsedFrom: this.keepsAddresses ? address : null });
  }

  /** Writes everything collected so far, after any flush that is in progress. What fails is retried by the next flush. */
  flush(): Promise<void> {
    this.pendingFlush = this.pendingFlush
      .then(() => this.write([...this.lastUses]))
      .catch((error: unknown) => this.log.error({ err: error }, "failed to record the last use of keys; retrying"));
    return this.pendingFlush;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private async write(uses: readonly [id: string, use: Use][]): Promise<void> {
    for (let from = 0; from < uses.length; from += batchSize) {
      const batch = uses.slice(from, from + batchSize);
      await this.db.transaction(async (manager) => {
        for (const [id, use] of batch) {
          const { lastUsedAt } = use;
          // Another instance may have recorded a later use.
          const where = [
            { id, lastUsedAt: IsNull() },
            { id, lastUsedAt: LessThan(lastUsedAt) },
          ];
          await manager.createQueryBuilder().update(ApiKey).set(use).where(where).execute();
        }
      });
      for (const [id, use] of batch) if (this.lastUses.get(id) === use) this.lastUses.delete(id);
      await yieldToEventLoop();
    }
  }
}
