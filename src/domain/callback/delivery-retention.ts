import { In, LessThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { idAt } from "../../platform/database/ids";
import { batchesOf } from "../../platform/database/batches";
import { CallbackDelivery } from "./callback-delivery.entity";

/** How long a delivery that has come to its end is kept. */
export const retentionDays = 30;

/** Forgets the deliveries that came to their end so long ago, with their URLs, which may hold secrets. */
export async function deleteExpiredDeliveries(db: Database, stop: AbortSignal): Promise<void> {
  const before = Date.now() - retentionDays * 24 * 60 * 60 * 1_000;
  // By their ids, which are as old as they are, so that none is looked at that is younger.
  const where = {
    id: LessThan(idAt(before)),
    begunAt: LessThan(new Date(before)),
    status: In(["DELIVERED", "FAILED"]),
  };
  for await (const piece of batchesOf(db, CallbackDelivery, { where, key: ["id"], texts: ["url", "attempts"] })) {
    stop.throwIfAborted();
    // One may be delivered again meanwhile.
    await db.transaction((manager) =>
      manager.delete(CallbackDelivery, { ...where, id: In(piece.map(({ id }) => id)) }),
    );
  }
}
