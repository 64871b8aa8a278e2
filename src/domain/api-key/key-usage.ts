import { setImmediate as othersTurn } from "node:timers/promises";
import type { Logger } from "pino";
import { IsNull, LessThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { ApiKey } from "./api-key.entity";

const interval = 60_000;
/** How many keys are written in one go: few enough that nobody who waits for the database notices. */
const portion = 100;

/** Collects when keys were last used, and writes it once a minute and at the end. A crash loses a minute of it at most. */
export class KeyUsage {
  private readonly lastUsed = new Map<string, Date>();
  private readonly timer = setInterval(() => void this.flush(), interval).unref();
  private written = Promise.resolve();

  constructor(
    private readonly db: Database,
    private readonly log: Logger,
  ) {}

  used(keyId: string): void {
    this.lastUsed.set(keyId, new Date());
  }

  /** Writes all there is, once what is being written is written. What fails stays for the next time. */
  flush(): Promise<void> {
    this.written = this.written
      .then(() => this.write([...this.lastUsed]))
      .catch((error: unknown) => this.log.error({ err: error }, "could not write when keys were last used"));
    return this.written;
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  private async write(uses: readonly [id: string, at: Date][]): Promise<void> {
    for (let from = 0; from < uses.length; from += portion) {
      const some = uses.slice(from, from + portion);
      await this.db.transaction(async (manager) => {
        for (const [id, lastUsedAt] of some) {
          // Another instance may have seen the key later.
          const where = [
            { id, lastUsedAt: IsNull() },
            { id, lastUsedAt: LessThan(lastUsedAt) },
          ];
          await manager.createQueryBuilder().update(ApiKey).set({ lastUsedAt }).where(where).execute();
        }
      });
      for (const [id, at] of some) if (this.lastUsed.get(id) === at) this.lastUsed.delete(id);
      await othersTurn();
    }
  }
}
