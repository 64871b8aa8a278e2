import { type EntityManager, In, IsNull, LessThan, Not } from "typeorm";
import { giveRoom } from "../app/app-usage";
import type { Database } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { Run, unfinished } from "../run/run.entity";
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
    await deletion.runs({ sessionId: In(ids), status: Not(In([...unfinished])) }, { beforeDelete: giveRoomOf });
    await deletion.rows(Message, { where: { sessionId: In(ids) }, key: ["sessionId", "id"], texts: ["text"] });
    await deletion.change((manager) => manager.update(Session, { id: In(ids) }, { clearedAt: new Date() }));
  }
}

/** Of the runs, and of the messages that belong to them. */
async function giveRoomOf(manager: EntityManager, ids: readonly string[]): Promise<void> {
  const apps = await manager
    .createQueryBuilder(Run, "run")
    .select("run.appId", "appId")
    .addSelect("SUM(run.countedBytes)", "bytes")
    .where({ id: In([...ids]) })
    .groupBy("run.appId")
    .orderBy("run.appId")
    .getRawMany<{ appId: string; bytes: string | number }>();
  for (const { appId, bytes } of apps) await giveRoom(manager, appId, { messageBytes: Number(bytes) });
}
