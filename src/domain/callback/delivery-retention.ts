import { In, LessThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { idAt } from "../../platform/database/ids";
import { batchesOf } from "../../platform/database/batches";
import type { Delivery } from "./delivery.entity";

/** A finished delivery is kept for this time. */
export const retentionDays = 30;

/** Deletes expired deliveries of one kind, whose URLs and bodies may contain secrets. */
export async function deleteExpiredDeliveries(
  db: Database,
  entity: new () => Delivery,
  texts: readonly string[],
  stop: AbortSignal,
): Promise<void> {
  const before = Date.now() - retentionDays * 24 * 60 * 60 * 1_000;
  // Ids sort by creation time, so the condition on the id keeps the query from reading younger rows.
  const where = {
    id: LessThan(idAt(before)),
    begunAt: LessThan(new Date(before)),
    status: In(["DELIVERED", "FAILED", "CANCELLED"]),
  };
  for await (const batch of batchesOf(db, entity, { where, key: ["id"], texts: [...texts, "attempts"] })) {
    stop.throwIfAborted();
    const ids = batch.map(({ id }) => id);
    // With all conditions again, because a caller may have redelivered one in the meantime.
    await db.transaction((manager) => manager.delete(entity, { ...where, id: In(ids) }));
  }
}
