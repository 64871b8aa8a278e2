import { type EntityManager, type FindOptionsWhere, In, IsNull, LessThan, MoreThanOrEqual, Not } from "typeorm";
import { App } from "../app/app.entity";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { Database } from "../../platform/database/database";
import { notFound } from "../../errors";
import { Document } from "../document/document.entity";
import type { DocumentService } from "../document/document.service";
import { Run, unfinished } from "../run/run.entity";
import type { RunRuntime } from "../run/run.service";
import { Scope } from "../scope/scope.entity";
import { Session } from "../session/session.entity";
import type { TerminateSessionInput } from "../session/session.input";
import type { SessionService } from "../session/session.service";
import { AppDeletion, type CleanupTasks } from "./app-deletion";

/** What is left to do outside of the database once it has the end of something. */
interface CleanupTargets {
  readonly runIds: readonly string[];
  readonly documentIds: readonly string[];
}

/** Ends sessions and apps, with all that lives in them. */
export class TerminationService {
  constructor(
    private readonly db: Database,
    private readonly sessionService: SessionService,
    private readonly documentService: DocumentService,
    private readonly runtime: RunRuntime,
    private readonly accessNews: AccessNotifier,
  ) {}

  private readonly removals: CleanupTasks = {
    runs: (ids) => {
      this.runtime.scheduler.abort(ids);
      for (const id of ids) this.runtime.notifier.publish(id);
    },
    documents: (ids) => this.documentService.discard(ids),
  };

  /** Cancels the session's runs and deletes its documents. To terminate again changes nothing. */
  async terminateSession(input: TerminateSessionInput): Promise<Session> {
    const appId = await this.sessionService.appOfTermination(input);
    const isMeant = (run: Run) => appId === undefined || run.appId === appId;
    // Side by side, so that who terminates is told in time where the database takes nothing.
    await Promise.all([this.db.ping(), this.runtime.executor.flush(isMeant)]);
    const { session, remains } = await this.db.transaction(async (manager) => {
      const held = await this.sessionService.lockForTermination(manager, input, appId);
      return held.status === "TERMINATED"
        ? { session: held, remains: { runIds: [], documentIds: [] } }
        : this.endSession(manager, held);
    });
    await this.clear(remains);
    return session;
  }

  /**
   * Terminates a session that nobody has used since then.
   *
   * @returns false where it is in use, or terminated already
   */
  async terminateIdle(id: string, since: Date): Promise<boolean> {
    const ended = await this.db.transaction(async (manager) => {
      const held = await this.db.lock(manager, Session, { id, status: "ACTIVE", lastActivityAt: LessThan(since) });
      return held && !(await hasRunSince(manager, id, since)) ? this.endSession(manager, held) : undefined;
    });
    if (ended) await this.clear(ended.remains);
    return ended !== undefined;
  }

  /**
   * Deletes an app with its scopes, keys, agents and sessions. It and what its keys may do are gone at once; what else
   * it held is removed piece by piece, since one large change would keep everybody else waiting.
   */
  async deleteApp(id: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const deletedAt = new Date();
      // Its name can be used anew at once.
      const { affected } = await manager.update(App, { id, deletedAt: IsNull() }, { deletedAt, name: id });
      if (affected !== 1) throw notFound("app");
      await manager.update(Scope, { appId: id, deletedAt: IsNull() }, { deletedAt });
    });
    await this.accessNews.notify({ appId: id });
    await this.removeDeleted(id);
  }

  /**
   * Goes on with deletions of apps that were cut off.
   *
   * @throws AggregateError of what went wrong, once all have been tried
   */
  async finishDeletions(): Promise<void> {
    const cutOff = await this.db.read.find(App, { where: { deletedAt: Not(IsNull()) }, select: { id: true } });
    const failures: unknown[] = [];
    for (const { id } of cutOff) await this.removeDeleted(id).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} deletions were not finished`);
  }

  private async removeDeleted(id: string): Promise<void> {
    const contents = new AppDeletion(this.db, id, this.removals, this.runtime.stopping);
    await contents.remove();

    // With what has been added meanwhile.
    const remains = await this.db.transaction(async (manager) => {
      // So that nobody adds to it from now on.
      await this.db.lock(manager, App, { id });
      const left = await cleanupTargetsOf(manager, { appId: id });
      await manager.delete(App, { id });
      return left;
    });
    await this.clear(remains);
  }

  private async endSession(
    manager: EntityManager,
    held: Session,
  ): Promise<{ session: Session; remains: CleanupTargets }> {
    const remains = await cleanupTargetsOf(manager, { sessionId: held.id });
    for (const id of remains.runIds) await this.runtime.store.endWithin(manager, id, { status: "CANCELLED" });
    await manager.delete(Document, { sessionId: held.id });

    const now = new Date();
    const end = { status: "TERMINATED", terminatedAt: now, lastActivityAt: now } as const;
    await manager.update(Session, { id: held.id }, end);
    return { session: { ...held, ...end }, remains };
  }

  private async clear({ runIds, documentIds }: CleanupTargets): Promise<void> {
    this.removals.runs(runIds);
    this.runtime.outbox.wake();
    await this.removals.documents(documentIds);
  }
}

const hasRunSince = (manager: EntityManager, sessionId: string, since: Date): Promise<boolean> =>
  manager.existsBy(Run, [
    { sessionId, status: In([...unfinished]) },
    { sessionId, finishedAt: MoreThanOrEqual(since) },
  ]);

async function cleanupTargetsOf(
  manager: EntityManager,
  where: { sessionId: string } | { appId: string },
): Promise<CleanupTargets> {
  const runs = await manager.find(Run, {
    where: { ...where, status: In([...unfinished]) } as FindOptionsWhere<Run>,
    select: { id: true },
    order: { id: "ASC" },
  });
  const documents = await manager.find(Document, { where: where as FindOptionsWhere<Document>, select: { id: true } });
  return { runIds: runs.map(({ id }) => id), documentIds: documents.map(({ id }) => id) };
}
