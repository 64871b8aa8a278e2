import { In, IsNull, Not } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { ApiKey } from "../api-key/api-key.entity";
import { App } from "../app/app.entity";
import type { AuditTrail } from "../audit/audit-trail";
import type { AccessNotifier } from "../../auth/access-notifier";
import type { AfterCommit, Database } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { Document } from "../document/document.entity";
import type { DocumentProcessor } from "../document/document-processor";
import { notFound, unavailable } from "../../errors";
import { EventDelivery } from "../event/event-delivery.entity";
import { ModelConnection } from "../model-connection/model-connection.entity";
import { Run, unfinished } from "../run/run.entity";
import type { RunRuntime } from "../run/run.service";
import { AppToolServer } from "../tool-server/tool-server.entity";
import { Scope } from "../scope/scope.entity";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";
import { deleteUsageOfApp } from "../usage/usage-retention";
import { idsOf, BatchDeletion } from "./batch-deletion";

/**
 * Deletes apps with everything that belongs to them. The app and the rights of its keys are gone immediately. Its other
 * rows are deleted in batches, because one large transaction would block all other writers.
 */
export class AppDeletion {
  private readonly batches = new BatchDeletion(this.db, () => {
    const { stopping } = this.runs;
    if (stopping.aborted) throw unavailable(stopping.reason);
  });

  constructor(
    private readonly db: Database,
    private readonly runs: Pick<RunRuntime, "scheduler" | "notifier" | "stopping">,
    private readonly documentProcessor: DocumentProcessor,
    private readonly accessNotifier: AccessNotifier,
  ) {}

  /** @throws UNAVAILABLE if the server stops during the deletion; the next start resumes the deletion */
  async delete(id: string, audit: AuditTrail): Promise<void> {
    await this.db.transaction(async (manager) => {
      const deletedAt = new Date();
      const deleteScopes = () => manager.update(Scope, { appId: id, deletedAt: IsNull() }, { deletedAt });
      // Before the app, as every change of a key's holder locks its scope first. Afterwards those that were just added.
      await deleteScopes();
      const app = await this.db.lock(manager, App, { id, deletedAt: IsNull() });
      if (!app) throw notFound("app");
      // With the id as its name, so that a new app can have the name immediately.
      await manager.update(App, { id }, { deletedAt, name: id });
      await deleteScopes();
      const { name, description } = app;
      audit.record(manager, "DELETE_APP", { appId: id, target: app, before: { name, description } });
    });
    await this.accessNotifier.notify({ appId: id });
    await this.deleteRows(id);
  }

  /**
   * Resumes interrupted deletions.
   *
   * @throws AggregateError of the failures, once each deletion has been tried
   */
  async resume(): Promise<void> {
    const interrupted = await this.db.read.find(App, { where: { deletedAt: Not(IsNull()) }, select: { id: true } });
    const failures: unknown[] = [];
    for (const { id } of interrupted) await this.deleteRows(id).catch((error: unknown) => failures.push(error));
    if (failures.length > 0)
      throw new AggregateError(failures, `failed to finish ${failures.length} deletions of apps`);
  }

  private async deleteRows(appId: string): Promise<void> {
    await this.deleteContents(appId);
    // The last batch: the app, with rows that were added during the deletion. They are deleted by cascade.
    const documentIds = await this.db.transaction(async (manager, afterCommit) => {
      // The lock keeps others from adding rows.
      await this.db.lock(manager, App, { id: appId });
      const runs = await manager.find(Run, {
        where: { appId, status: In([...unfinished]) },
        select: { id: true },
        order: { id: "ASC" },
      });
      const documents = await manager.find(Document, { where: { appId }, select: { id: true } });
      await manager.delete(App, { id: appId });
      this.abortDeleted(
        afterCommit,
        runs.map(({ id }) => id),
      );
      return documents.map(({ id }) => id);
    });
    await this.documentProcessor.discard(documentIds);
  }

  private async deleteContents(appId: string): Promise<void> {
    const owned = { where: { appId } };
    // Without agents no new run is accepted.
    await this.batches.rows(Agent, { ...owned, texts: ["instructions"] });
    await this.batches.runs({ appId }, { onDelete: (ids, afterCommit) => this.abortDeleted(afterCommit, ids) });
    await this.deleteSessions(appId);
    await this.batches.rows(ApiKey, owned);
    await this.batches.rows(Scope, owned);
    await this.batches.rows(ModelConnection, owned);
    await this.batches.rows(EventDelivery, owned);
    await this.batches.rows(AppToolServer, owned);
    await deleteUsageOfApp(this.db, appId, (work) => this.batches.change(work));
  }

  private async deleteSessions(appId: string): Promise<void> {
    const sessions = { where: { appId }, key: ["id"] as const, texts: ["metadata"] };
    for await (const batch of batchesOf(this.db, Session, sessions)) {
      const ids = idsOf(batch);
      const inSessions = { where: { sessionId: In(ids) }, key: ["sessionId", "id"] as const };
      await this.batches.rows(Message, { ...inSessions, texts: ["text"] });
      await this.batches.rows(Document, inSessions, (deleted) => this.documentProcessor.discard(deleted));
      await this.batches.change((manager) => manager.delete(Session, { id: In(ids) }));
    }
  }

  /** Stops the executions and the waiters of runs that the transaction deletes. */
  private abortDeleted(afterCommit: AfterCommit, runIds: readonly string[]): void {
    const { scheduler, notifier } = this.runs;
    afterCommit(() => {
      scheduler.abort(runIds);
      for (const id of runIds) notifier.publish(id);
    });
  }
}
