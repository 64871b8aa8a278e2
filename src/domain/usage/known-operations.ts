import { LRUCache } from "lru-cache";
import type { Database } from "../../platform/database/database";
import { isDuplicate } from "../../platform/database/database";
import { type OperationDescription, otherOperations } from "./operation-description";
import { UsedOperation } from "./usage.entity";

/** Operations of an app that are told apart. Clients have a few; what makes up many counts together. */
const maxOperations = 1_000;
const maxApps = 200;
const dayHours = 24;

/** Keeps, for each app, what operations it has used. */
export class KnownOperations {
  /** For each app, the hour in which each operation was last written to be used. */
  private readonly known = new LRUCache<string, Map<string, number>>({ max: maxApps });

  constructor(private readonly db: Database) {}

  /**
   * Stores an operation of an app, if there is room for it.
   *
   * @returns the hash that its requests are counted for
   */
  async hashFor(appId: string, operation: OperationDescription | undefined, hour: number): Promise<string> {
    if (!operation) return otherOperations;
    const known = await this.of(appId);
    const { hash, kind, name, requirements } = operation;
    const usedAt = known.get(hash);
    if (usedAt === undefined) {
      if (known.size >= maxOperations) return otherOperations;
      await this.insert({ appId, hash, kind, name, requirements, lastUsedHour: hour });
      known.set(hash, hour);
    } else if (hour >= usedAt + dayHours) {
      await this.db.transaction((manager) => manager.update(UsedOperation, { appId, hash }, { lastUsedHour: hour }));
      known.set(hash, hour);
    }
    return hash;
  }

  private async insert(operation: UsedOperation): Promise<void> {
    try {
      await this.db.transaction((manager) => manager.insert(UsedOperation, operation));
    } catch (error) {
      // Another instance has stored it.
      if (!isDuplicate(error)) throw error;
    }
  }

  private async of(appId: string): Promise<Map<string, number>> {
    let known = this.known.get(appId);
    if (!known) {
      const select = { hash: true, lastUsedHour: true } as const;
      const rows = await this.db.read.find(UsedOperation, { where: { appId }, select, take: maxOperations });
      known = new Map(rows.map(({ hash, lastUsedHour }) => [hash, lastUsedHour]));
      this.known.set(appId, known);
    }
    return known;
  }
}
