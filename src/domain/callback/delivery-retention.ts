import { In, LessThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { idAt } from "../../platform/database/ids";
import { batchesOf } from "../../platform/database/batches";
import { CallbackDelivery } from "./callback-delivery.entity";

/** How long a delivery is kept after it was delivered or has failed. */
export const retentionDays = 30;

/** Deletes expired deliveries with their URLs, which may contain secrets. */
export async function deleteExpiredDeliveries(db: Database, stop: AbortSignal): Promise<void> {
  const before = Date.now() - retentionDays * 24 * 60 * 60 * 1_000;
  // Ids sort by creation time, so the condition on the id keeps the query from reading younger rows.
  const where = {
    id: LessThan(idAt(before)),
    begunAt: LessThan(new Date(before)),
    status: In(["DELIVERED", "FAILED"]),
  };
  for await (const batch of batchesOf(db, CallbackDelivery, { where, key: ["id"], texts: ["url", "attempts"] })) {
    stop.throwIfAborted();
    const ids = batch.map(({ id }) => id);
    // With all conditions again, because a caller may have redelivered one in the meantime.
    await db.transaction((manager) => manager.delete(CallbackDelivery, { ...where, id: In(ids) }));
  }
}
