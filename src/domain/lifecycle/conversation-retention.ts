import { In, IsNull, LessThan, Not } from "typeorm";
import type { Database } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { unfinished } from "../run/run.entity";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";
import { idsOf, BatchDeletion } from "./batch-deletion";

/** Removes the messages and runs of the sessions that were terminated before then. The sessions stay. */
export async function deleteExpiredConversations(db: Database, before: Date, stop: AbortSignal): Promise<void> {
  const removal = new BatchDeletion(db, () => stop.throwIfAborted());
  const old = { where: { clearedAt: IsNull(), terminatedAt: LessThan(before) }, key: ["terminatedAt", "id"] as const };
  for await (const piece of batchesOf(db, Session, old)) {
    const ids = idsOf(piece);
    await removal.runs({ sessionId: In(ids), status: Not(In([...unfinished])) });
    await removal.rows(Message, { where: { sessionId: In(ids) }, key: ["sessionId", "id"], texts: ["text"] });
    await removal.change((manager) => manager.update(Session, { id: In(ids) }, { clearedAt: new Date() }));
  }
}
