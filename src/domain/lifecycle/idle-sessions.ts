import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Database } from "../../platform/database/database";
import { Run, unfinished } from "../run/run.entity";
import { Session } from "../session/session.entity";
import type { SessionTermination } from "./session-termination";

const batchSize = 100;

/** Terminates the sessions in which, since the given time, nothing was executed or uploaded and no run finished. */
export async function terminateIdleSessions(
  db: Database,
  sessionTermination: SessionTermination,
  since: Date,
  stop: AbortSignal,
): Promise<void> {
  let terminated: number;
  do {
    terminated = 0;
    for (const { id } of await idleSessions(db, since)) {
      // SQLite answers synchronously, so a loop of statements would block the event loop.
      await yieldToEventLoop();
      stop.throwIfAborted();
      if (await sessionTermination.terminateIdle(id, since)) terminated++;
    }
  } while (terminated > 0);
}

function idleSessions(db: Database, since: Date): Promise<Session[]> {
  const sessions = db.read.createQueryBuilder(Session, "session").select("session.id");
  const runs = sessions
    .subQuery()
    .select("1")
    .from(Run, "run")
    .where("run.sessionId = session.id AND (run.status IN (:...unfinished) OR run.finishedAt >= :since)");
  return sessions
    .where("session.terminatedAt IS NULL AND session.lastActivityAt < :since", { since })
    .andWhere(`NOT EXISTS ${runs.getQuery()}`)
    .setParameter("unfinished", unfinished)
    .orderBy("session.lastActivityAt")
    .addOrderBy("session.id")
    .limit(batchSize)
    .getMany();
}
