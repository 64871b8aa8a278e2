import { type EntityManager, In, LessThan, MoreThanOrEqual } from "typeorm";
import { giveRoom } from "../app/app-usage";
import type { AfterCommit, Database } from "../../platform/database/database";
import { Document } from "../document/document.entity";
import type { DocumentProcessor } from "../document/document-processor";
import { Run, unfinished } from "../run/run.entity";
import type { RunScheduler } from "../run/execution/run-scheduler";
import { Session } from "../session/session.entity";

interface Termination {
  readonly session: Session;
  /** Deleted rows whose files are still there. */
  readonly documentIds: readonly string[];
}

/** Terminates sessions: cancels their runs and deletes their documents. */
export class SessionTermination {
  constructor(
    private readonly db: Database,
    private readonly scheduler: RunScheduler,
    private readonly documentProcessor: DocumentProcessor,
  ) {}

  /**
   * Terminates a session. A session that is terminated stays as it is.
   *
   * @param lockSession locks the session until the transaction ends
   */
  async terminate(lockSession: (manager: EntityManager) => Promise<Session>): Promise<Session> {
    const { session, documentIds } = await this.db.transaction(async (manager, afterCommit) => {
      const locked = await lockSession(manager);
      return locked.status === "TERMINATED"
        ? { session: locked, documentIds: [] }
        : this.terminateWithin(manager, afterCommit, locked);
    });
    await this.documentProcessor.discard(documentIds);
    return session;
  }

  /**
   * Terminates a session that has been idle since the given time.
   *
   * @returns false if it was used since, or is terminated already
   */
  async terminateIdle(id: string, since: Date): Promise<boolean> {
    const termination = await this.db.transaction(async (manager, afterCommit) => {
      const where = { id, status: "ACTIVE", lastActivityAt: LessThan(since) } as const;
      const locked = await this.db.lock(manager, Session, where);
      if (!locked || (await hasRunSince(manager, id, since))) return undefined;
      return this.terminateWithin(manager, afterCommit, locked);
    });
    if (termination) await this.documentProcessor.discard(termination.documentIds);
    return termination !== undefined;
  }

  private async terminateWithin(
    manager: EntityManager,
    afterCommit: AfterCommit,
    session: Session,
  ): Promise<Termination> {
    const where = { sessionId: session.id };
    const runs = await manager.find(Run, {
      where: { ...where, status: In([...unfinished]) },
      select: { id: true },
      order: { id: "ASC" },
    });
    for (const { id } of runs) await this.scheduler.cancelWithin(manager, afterCommit, id);

    const documents = await manager.find(Document, { where, select: { id: true, size: true } });
    await manager.delete(Document, where);

    const now = new Date();
    const changes = { status: "TERMINATED", terminatedAt: now, lastActivityAt: now } as const;
    await manager.update(Session, { id: session.id }, changes);
    const documentBytes = documents.reduce((total, { size }) => total + size, 0);
    await giveRoom(manager, session.appId, { sessions: 1, documents: documents.length, documentBytes });
    return { session: { ...session, ...changes }, documentIds: documents.map(({ id }) => id) };
  }
}

const hasRunSince = (manager: EntityManager, sessionId: string, since: Date): Promise<boolean> =>
  manager.existsBy(Run, [
    { sessionId, status: In([...unfinished]) },
    { sessionId, finishedAt: MoreThanOrEqual(since) },
  ]);
