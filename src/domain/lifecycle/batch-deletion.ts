import { type EntityManager, type EntityTarget, type FindOptionsWhere, In, MoreThanOrEqual } from "typeorm";
import type { Database } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { Run } from "../run/run.entity";
import { StoredRunEvent } from "../run/run-event.entity";

/** Rows that have an id, to be removed. */
interface Rows {
  readonly where: FindOptionsWhere<{ id: string; appId: string; sessionId: string }>;
  readonly key?: readonly [string, ...string[]];
  /** The columns that may be long. */
  readonly texts?: readonly string[];
}

/** Removes any number of rows piece by piece. Where it is left off, what is left can be removed later. */
export class BatchDeletion {
  /** @param proceed throws where it is to be left off */
  constructor(
    private readonly db: Database,
    private readonly proceed: () => void,
  ) {}

  /**
   * Removes runs with their events and callbacks: from the last to the first, so that those that are not finished are
   * soon ended.
   *
   * @param removed is told which ones have just been removed
   */
  async runs(where: FindOptionsWhere<Run>, removed?: (ids: string[]) => void): Promise<void> {
    const theirs = { where, key: ["id"] as const, texts: ["input", "output", "citations"] };
    for await (const piece of batchesOf(this.db, Run, theirs)) {
      const ids = idsOf(piece);
      await this.events(ids);
      await this.change((manager) => manager.delete(Run, { id: In(ids) }));
      removed?.(ids);
    }
  }

  async rows(
    entity: EntityTarget<{ id: string; appId: string; sessionId: string }>,
    { where, key = ["id"], texts = [] }: Rows,
    removed?: (ids: string[]) => Promise<void>,
  ): Promise<void> {
    for await (const piece of batchesOf(this.db, entity, { where, key, texts })) {
      const ids = idsOf(piece);
      await this.change((manager) => manager.delete(entity, { id: In(ids) }));
      await removed?.(ids);
    }
  }

  /** @throws what `proceed` does */
  async change(work: (manager: EntityManager) => Promise<unknown>): Promise<void> {
    this.proceed();
    await this.db.transaction(work);
  }

  private async events(runIds: readonly string[]): Promise<void> {
    const theirs = { where: { runId: In([...runIds]) }, key: ["runId", "position"] as const, texts: ["text"] };
    for await (const piece of batchesOf(this.db, StoredRunEvent, theirs)) {
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
}

export const idsOf = (piece: readonly Record<string, string>[]): string[] => piece.flatMap(({ id }) => id ?? []);
