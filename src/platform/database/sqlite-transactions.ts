import type { DataSource, EntityManager } from "typeorm";
import { unavailable } from "../../errors";
import { isBusy, isLockConflict } from "./database-errors";
import { endTransaction, isInTransaction } from "./sqlite-query-runner";

/** A group commits after this time even if transactions still join it, as none is answered before. */
const maxGroupMs = 20;

/** Transactions that share a commit. */
class Group {
  readonly startedAt = performance.now();
  /** The group must commit as soon as no transaction of it runs. */
  isDue = false;
  confirm!: () => void;
  fail!: (error: unknown) => void;
  readonly committed = new Promise<void>((resolve, reject) => {
    this.confirm = resolve;
    this.fail = reject;
  });

  constructor() {
    // Each transaction waits for it by itself.
    this.committed.catch(() => undefined);
  }
}

/**
 * Runs the transactions of a SQLite file. A commit waits for the disk, which takes milliseconds in which nothing else
 * runs, so the transactions of one turn of the event loop share one. Each but the first is a savepoint, so that one that
 * fails changes nothing and the others are committed; if the first fails, nothing else is in the group yet. None is
 * reported before the commit, not even a failure: it may come from what an earlier transaction of the group has changed.
 */
export class SqliteTransactions {
  private group: Group | undefined;
  private isRunning = false;
  /** The commit in progress. */
  private commit = Promise.resolve();

  constructor(private readonly writer: DataSource) {}

  /**
   * Runs the work in a transaction. To be called again only after it has returned.
   *
   * @returns the outcome of the work once it is committed
   */
  async run<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<{ outcome: Promise<Result> }> {
    this.isRunning = true;
    try {
      await this.commit;
      const isFirst = !this.group;
      const group = (this.group ??= await this.begin());
      const { manager } = this.writer.createQueryRunner();
      const result = isFirst ? work(manager) : manager.transaction(work);
      await result.catch((error: unknown) => (isFirst ? this.rollBack(group, error) : this.endIfBroken(group, error)));
      if (performance.now() - group.startedAt > maxGroupMs) group.isDue = true;
      return { outcome: group.committed.then(() => result) };
    } finally {
      this.isRunning = false;
      if (this.group?.isDue) this.end(this.group);
    }
  }

  private async begin(): Promise<Group> {
    try {
      await this.writer.createQueryRunner().startTransaction();
    } catch (error) {
      await endTransaction(this.writer);
      throw error;
    }
    const group = new Group();
    setImmediate(() => {
      group.isDue = true;
      if (!this.isRunning) this.end(group);
    });
    return group;
  }

  /** Ends a group whose first transaction has failed. */
  private async rollBack(group: Group, error: unknown): Promise<void> {
    await this.endIfBroken(group, error);
    if (this.group !== group) return;
    this.group = undefined;
    await endTransaction(this.writer);
    group.confirm();
  }

  /** Ends a group after an error from which it can't recover. */
  private async endIfBroken(group: Group, error: unknown): Promise<void> {
    // SQLite ends the whole transaction by itself if the disk is full, for example.
    if (!(await isInTransaction(this.writer))) {
      this.group = undefined;
      await endTransaction(this.writer);
      group.fail(unavailable(error));
    } else if (isLockConflict(error) || isBusy(error)) group.isDue = true;
  }

  private end(group: Group): void {
    if (this.group !== group) return;
    this.group = undefined;
    this.commit = this.commitGroup(group);
  }

  private async commitGroup(group: Group): Promise<void> {
    try {
      await this.writer.createQueryRunner().commitTransaction();
      group.confirm();
    } catch (error) {
      await endTransaction(this.writer);
      group.fail(error);
    }
  }
}
