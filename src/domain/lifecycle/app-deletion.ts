import { In } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { ApiKey } from "../api-key/api-key.entity";
import type { Database } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { Document } from "../document/document.entity";
import { unavailable } from "../../errors";
import { ModelConnection } from "../model-connection/model-connection.entity";
import { Scope } from "../scope/scope.entity";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";
import { idsOf, BatchDeletion } from "./batch-deletion";

/** Is told what has just been removed. */
export interface CleanupTasks {
  runs(ids: readonly string[]): void;
  documents(ids: readonly string[]): Promise<void>;
}

/** What an app holds, to be taken out of it piece by piece before the app itself goes. */
export class AppDeletion {
  private readonly removal: BatchDeletion;

  constructor(
    private readonly db: Database,
    private readonly appId: string,
    private readonly removals: CleanupTasks,
    stopping: AbortSignal,
  ) {
    this.removal = new BatchDeletion(db, () => {
      if (stopping.aborted) throw unavailable(stopping.reason);
    });
  }

  /** Removes all that is there. What is added meanwhile may be left. */
  async remove(): Promise<void> {
    const { removal, appId } = this;
    const own = { where: { appId } };
    // Without agents nothing is executed any more.
    await removal.rows(Agent, { ...own, texts: ["instructions"] });
    await removal.runs({ appId }, (ids) => this.removals.runs(ids));
    await this.removeSessions();
    await removal.rows(ApiKey, own);
    await removal.rows(Scope, own);
    await removal.rows(ModelConnection, own);
  }

  private async removeSessions(): Promise<void> {
    const own = { where: { appId: this.appId }, key: ["id"] as const, texts: ["metadata"] };
    for await (const piece of batchesOf(this.db, Session, own)) {
      const ids = idsOf(piece);
      const within = { where: { sessionId: In(ids) }, key: ["sessionId", "id"] as const };
      await this.removal.rows(Message, { ...within, texts: ["text"] });
      await this.removal.rows(Document, within, (removed) => this.removals.documents(removed));
      await this.removal.change((manager) => manager.delete(Session, { id: In(ids) }));
    }
  }
}
