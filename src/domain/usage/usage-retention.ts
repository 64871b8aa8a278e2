import { setTimeout as delay } from "node:timers/promises";
import type { Database, TransactionWork } from "../../platform/database/database";
import { deleteSome } from "../../platform/database/row-changes";
import { hourOf } from "./usage.entity";

const dayMs = 24 * 60 * 60 * 1_000;
const batchSize = 250;
/** A pause between batches, which leaves the database to others. */
const pauseMs = 5;

/** Executes a transaction, unless the deletion is to stop. */
type Change = (work: TransactionWork<unknown>) => Promise<void>;

/** Deletes all counts of an app. */
export async function deleteUsageOfApp(db: Database, appId: string, change: Change): Promise<void> {
  for (const table of ["usage_requests", "usage_runs", "usage_operation"]) {
    await deleteAll(db, table, "appId = ?", appId, change);
  }
}

/** Deletes counts that are too old, and the operations that were not used since. */
export async function deleteExpiredUsage(db: Database, retentionDays: number, stop: AbortSignal): Promise<void> {
  const before = hourOf(Date.now() - retentionDays * dayMs);
  const change: Change = async (work) => {
    stop.throwIfAborted();
    await db.transaction(work);
  };
  for (const table of ["usage_requests", "usage_runs"]) await deleteAll(db, table, "hour < ?", before, change);
  await deleteAll(db, "usage_operation", "lastUsedHour < ?", before, change);
}

async function deleteAll(
  db: Database,
  table: string,
  condition: string,
  parameter: string | number,
  change: Change,
): Promise<void> {
  const hasSome = async () =>
    (await db.read.query<unknown[]>(`SELECT 1 AS found FROM ${table} WHERE ${condition} LIMIT 1`, [parameter])).length >
    0;
  while (await hasSome()) {
    await change((manager) => deleteSome(manager, table, condition, [parameter], batchSize));
    await delay(pauseMs);
  }
}
