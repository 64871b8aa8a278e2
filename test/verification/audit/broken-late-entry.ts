import type { EntityManager } from "typeorm";
import { AuditLog, type NewEntry } from "../../../src/domain/audit/audit-log";
import type { Database } from "../../../src/platform/database/database";

/** When loaded before the server, makes it write entries in transactions of their own, after those of the changes. */

const delayMs = 30;

interface Internals {
  readonly db: Database;
  readonly pending: WeakMap<EntityManager, NewEntry[]>;
}

const { end } = AuditLog.prototype;
const late = new WeakSet<NewEntry>();

AuditLog.prototype.end = async function (manager, afterCommit) {
  const { db, pending } = this as unknown as Internals;
  const entries = pending.get(manager) ?? [];
  if (entries.length === 0 || entries.every((entry) => late.has(entry))) return end.call(this, manager, afterCommit);
  pending.delete(manager);
  setTimeout(() => {
    const write = db.transaction(async (own) => {
      for (const entry of entries) {
        late.add(entry);
        this.record(own, entry);
      }
    });
    void write.catch(() => undefined);
  }, delayMs);
};
