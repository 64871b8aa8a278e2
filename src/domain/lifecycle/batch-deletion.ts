import { type EntityManager, type EntityTarget, type FindOptionsWhere, In, MoreThanOrEqual } from "typeorm";
import type { AfterCommit, Database, TransactionWork } from "../../platform/database/database";
import { batchesOf } from "../../platform/database/batches";
import { Run } from "../run/run.entity";
import { StoredRunEvent } from "../run/run-event.entity";

/** Selects the rows to delete. */
interface Rows {
  readonly where: FindOptionsWhere<{ id: string; appId: string; sessionId: string }>;
  readonly key?: readonly [string, ...string[]];
  /** The columns that may hold long texts; they limit the size of a batch. */
  readonly texts?: readonly string[];
}

interface RunDeletionHooks {
  readonly beforeDelete?: (manager: EntityManager, ids: readonly string[]) => Promise<void>;
  readonly onDelete?: (ids: readonly string[], afterCommit: AfterCommit) => void;
}

/** Deletes any number of rows in batches. An interrupted deletion can be resumed by running it again. */
export class BatchDeletion {
  /** @param checkStop called before each transaction; throws to interrupt the deletion */
  constructor(
    private readonly db: Database,
    private readonly checkStop: () => void,
  ) {}

  /**
   * Deletes runs with their events and callbacks: the newest first, because those are the ones that may still execute.
   *
   * @param hooks called in the transaction that deletes the runs
   */
  async runs(where: FindOptionsWhere<Run>, { beforeDelete, onDelete }: RunDeletionHooks = {}): Promise<void> {
    const runs = { where, key: ["id"] as const, texts: ["input", "output", "citations", "metadata"] };
    for await (const batch of batchesOf(this.db, Run, runs)) {
      const ids = idsOf(batch);
      await this.events(ids);
      await this.change(async (manager, afterCommit) => {
        await beforeDelete?.(manager, ids);
        await manager.delete(Run, { id: In(ids) });
        onDelete?.(ids, afterCommit);
      });
    }
  }

  /** @param onDeleted called after each transaction, with the ids of the deleted rows */
  async rows(
    entity: EntityTarget<{ id: string; appId: string; sessionId: string }>,
    { where, key = ["id"], texts = [] }: Rows,
    onDeleted?: (ids: readonly string[]) => Promise<void>,
  ): Promise<void> {
    for await (const batch of batchesOf(this.db, entity, { where, key, texts })) {
      const ids = idsOf(batch);
      await this.change((manager) => manager.delete(entity, { id: In(ids) }));
      await onDeleted?.(ids);
    }
  }

  /** @throws what `checkStop` throws */
  async change(work: TransactionWork<unknown>): Promise<void> {
    this.checkStop();
    await this.db.transaction(work);
  }

  private async events(runIds: readonly string[]): Promise<void> {
    const events = { where: { runId: In([...runIds]) }, key: ["runId", "position"] as const, texts: ["text"] };
    for await (const batch of batchesOf(this.db, StoredRunEvent, events)) {
      const last = batch.at(-1);
      if (!last) return;
      // A batch has all remaining events of each of its runs, except of the last one.
      const complete = new Set(batch.map(({ runId }) => runId));
      complete.delete(last.runId);
      await this.change(async (manager) => {
        await manager.delete(StoredRunEvent, { runId: In([...complete]) });
        await manager.delete(StoredRunEvent, { runId: last.runId, position: MoreThanOrEqual(Number(last.position)) });
      });
    }
  }
}

export const idsOf = (batch: readonly Record<string, string>[]): string[] => batch.flatMap(({ id }) => id ?? []);
