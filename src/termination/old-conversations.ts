import { In, IsNull, LessThan, Not } from "typeorm";
import type { Database } from "../database/database";
import { piecesOf } from "../database/pieces";
import { unfinished } from "../run/run.entity";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";
import { idsOf, Removal } from "./removal";

/** Removes the messages and runs of the sessions that were terminated before then. The sessions stay. */
export async function removeOldConversations(db: Database, before: Date, stop: AbortSignal): Promise<void> {
  const removal = new Removal(db, () => stop.throwIfAborted());
  const old = { where: { clearedAt: IsNull(), terminatedAt: LessThan(before) }, key: ["terminatedAt", "id"] as const };
  for await (const piece of piecesOf(db, Session, old)) {
    const ids = idsOf(piece);
    await removal.runs({ sessionId: In(ids), status: Not(In([...unfinished])) });
    await removal.rows(Message, { where: { sessionId: In(ids) }, key: ["sessionId", "id"], texts: ["text"] });
    await removal.change((manager) => manager.update(Session, { id: In(ids) }, { clearedAt: new Date() }));
  }
}
