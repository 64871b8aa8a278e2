import type { Logger } from "pino";
import type { Database } from "../database/database";
import { ApiKey } from "./api-key.entity";

const interval = 60_000;

/** Collects when keys were last used, and writes it once a minute and at the end. A crash loses a minute of it at most. */
export class KeyUsage {
  private lastUsed = new Map<string, Date>();
  private readonly timer = setInterval(() => void this.flush(), interval).unref();

  constructor(
    private readonly db: Database,
    private readonly log: Logger,
  ) {}

  used(keyId: string): void {
    this.lastUsed.set(keyId, new Date());
  }

  async flush(): Promise<void> {
    const batch = this.lastUsed;
    if (batch.size === 0) return;
    this.lastUsed = new Map();
    try {
      await this.db.transaction(async (manager) => {
        for (const [id, lastUsedAt] of batch) await manager.update(ApiKey, { id }, { lastUsedAt });
      });
    } catch (error) {
      this.log.error({ err: error }, "could not write when keys were last used");
      this.lastUsed = new Map([...batch, ...this.lastUsed]);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }
}
