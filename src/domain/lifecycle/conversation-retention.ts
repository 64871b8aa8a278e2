import { In, IsNull, LessThan, Not } from "typeorm";
import type { Database } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { unfinished } from "../run/run.entity";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";
import { idsOf, BatchDeletion } from "./batch-deletion";

/** Deletes the messages and runs of sessions that were terminated before the given time, and keeps the sessions. */
export async function deleteExpiredConversations(db: Database, before: Date, stop: AbortSignal): Promise<void> {
  const deletion = new BatchDeletion(db, () => stop.throwIfAborted());
  const sessions = {
    where: { clearedAt: IsNull(), terminatedAt: LessThan(before) },
    key: ["terminatedAt", "id"] as const,
  };
  for await (const batch of batchesOf(db, Session, sessions)) {
    const ids = idsOf(batch);
    await deletion.runs({ sessionId: In(ids), status: Not(In([...unfinished])) });
    await deletion.rows(Message, { where: { sessionId: In(ids) }, key: ["sessionId", "id"], texts: ["text"] });
    await deletion.change((manager) => manager.update(Session, { id: In(ids) }, { clearedAt: new Date() }));
  }
}
