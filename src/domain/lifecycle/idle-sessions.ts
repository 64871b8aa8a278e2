import { setImmediate as othersTurn } from "node:timers/promises";
import type { Database } from "../../platform/database/database";
import { Run, unfinished } from "../run/run.entity";
import { Session } from "../session/session.entity";
import type { TerminationService } from "./termination.service";

const batch = 100;

/** Terminates the sessions that nobody has used since then: nothing was executed or uploaded, and nothing has ended. */
export async function terminateIdleSessions(
  db: Database,
  terminationService: TerminationService,
  since: Date,
  stop: AbortSignal,
): Promise<void> {
  let ended: number;
  do {
    ended = 0;
    for (const { id } of await idleSessions(db, since)) {
      // SQLite answers at once, so that a loop of statements would keep the event loop for itself.
      await othersTurn();
      stop.throwIfAborted();
      if (await terminationService.terminateIdle(id, since)) ended++;
    }
  } while (ended > 0);
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
    .limit(batch)
    .getMany();
}
