import { type EntityManager, type EntityTarget, type FindOptionsWhere, In, MoreThanOrEqual } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { ApiKey } from "../api-key/api-key.entity";
import type { Database } from "../database/database";
import { piecesOf } from "../database/pieces";
import { Document } from "../document/document.entity";
import { unavailable } from "../errors";
import { ModelConnection } from "../model-connection/model-connection.entity";
import { Run } from "../run/run.entity";
import { StoredRunEvent } from "../run/run-event.entity";
import { Scope } from "../scope/scope.entity";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";

/** Is told what has just been removed. */
export interface Removals {
  runs(ids: readonly string[]): void;
  documents(ids: readonly string[]): Promise<void>;
}

interface Rows {
  readonly where: FindOptionsWhere<{ id: string; appId: string; sessionId: string }>;
  readonly key?: readonly [string, ...string[]];
  readonly texts?: readonly string[];
}

/** What an app holds, to be taken out of it piece by piece before the app itself goes. */
export class AppContents {
  constructor(
    private readonly db: Database,
    private readonly appId: string,
    private readonly removals: Removals,
    private readonly stopping: AbortSignal,
  ) {}

  /** Removes all that is there. What is added meanwhile may be left. */
  async remove(): Promise<void> {
    const own = { where: { appId: this.appId } };
    // Without agents nothing is executed any more.
    await this.removeRows(Agent, { ...own, texts: ["instructions"] });
    await this.removeRuns();
    await this.removeSessions();
    await this.removeRows(ApiKey, own);
    await this.removeRows(Scope, own);
    await this.removeRows(ModelConnection, own);
  }

  /** From the last to the first, so that those that are not finished are soon ended. */
  private async removeRuns(): Promise<void> {
    const own = { where: { appId: this.appId }, key: ["id"] as const, texts: ["input", "output", "citations"] };
    for await (const piece of piecesOf(this.db, Run, own)) {
      const ids = idsOf(piece);
      await this.removeEvents(ids);
      await this.change((manager) => manager.delete(Run, { id: In(ids) }));
      this.removals.runs(ids);
    }
  }

  private async removeEvents(runIds: readonly string[]): Promise<void> {
    const theirs = { where: { runId: In([...runIds]) }, key: ["runId", "position"] as const, texts: ["text"] };
    for await (const piece of piecesOf(this.db, StoredRunEvent, theirs)) {
      const last = piece.at(-1);
      if (!last) return;
      // Of all runs but the last, a piece has all the events that are left.
      const whole = new Set(piece.map(({ runId }) => runId));
      whole.delete(last.runId);
      await this.change(async (manager) => {
        await manager.delete(StoredRunEvent, { runId: In([...whole]) });
        await manager.delete(StoredRunEvent, { runId: last.runId, position: MoreThanOrEqual(Number(last.position)) });
      });
    }
  }

  private async removeSessions(): Promise<void> {
    const own = { where: { appId: this.appId }, key: ["id"] as const, texts: ["metadata"] };
    for await (const piece of piecesOf(this.db, Session, own)) {
      const ids = idsOf(piece);
      const within = { where: { sessionId: In(ids) }, key: ["sessionId", "id"] as const };
      await this.removeRows(Message, { ...within, texts: ["text"] });
      await this.removeRows(Document, within, (removed) => this.removals.documents(removed));
      await this.change((manager) => manager.delete(Session, { id: In(ids) }));
    }
  }

  private async removeRows(
    entity: EntityTarget<{ id: string; appId: string; sessionId: string }>,
    { where, key = ["id"], texts = [] }: Rows,
    removed?: (ids: string[]) => Promise<void>,
  ): Promise<void> {
    for await (const piece of piecesOf(this.db, entity, { where, key, texts })) {
      const ids = idsOf(piece);
      await this.change((manager) => manager.delete(entity, { id: In(ids) }));
      await removed?.(ids);
    }
  }

  private async change(work: (manager: EntityManager) => Promise<unknown>): Promise<void> {
    if (this.stopping.aborted) throw unavailable(this.stopping.reason);
    await this.db.transaction(work);
  }
}

const idsOf = (piece: readonly Record<string, string>[]): string[] => piece.flatMap(({ id }) => id ?? []);
