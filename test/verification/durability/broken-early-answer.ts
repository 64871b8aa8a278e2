import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "typeorm";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { AbstractSqliteQueryRunner } from "typeorm/driver/sqlite-abstract/AbstractSqliteQueryRunner";
import type { Connections } from "../../../src/platform/database/connections";
import { Database } from "../../../src/platform/database/database";

/**
 * When loaded before the server, makes it acknowledge writes before they are committed, like a server that buffers
 * writes in memory to be faster.
 */

const commitDelayMs = 50;

/** Groups the transactions of each interval into one outer transaction. Reads happen within that one. */
function breakSqlite(): void {
  const { startTransaction, commitTransaction, rollbackTransaction } = AbstractSqliteQueryRunner.prototype;
  const state = { isOuterOpen: false, isInnerOpen: false, isCommitDue: false, committed: Promise.resolve() };

  const commitOuter = async (runner: AbstractSqliteQueryRunner) => {
    Object.assign(state, { isOuterOpen: false, isCommitDue: false });
    // A failure cannot be reported: the writes have been acknowledged.
    await commitTransaction.call(runner).catch(() => rollbackTransaction.call(runner).catch(() => undefined));
  };
  const endInner = async (runner: AbstractSqliteQueryRunner) => {
    state.isInnerOpen = false;
    if (state.isCommitDue) await commitOuter(runner);
  };
  AbstractSqliteQueryRunner.prototype.startTransaction = async function () {
    await state.committed;
    state.isInnerOpen = true;
    if (!state.isOuterOpen) {
      state.isOuterOpen = true;
      await startTransaction.call(this);
      setTimeout(() => {
        state.isCommitDue = true;
        if (!state.isInnerOpen) state.committed = commitOuter(this);
      }, commitDelayMs);
    }
    await startTransaction.call(this);
  };
  AbstractSqliteQueryRunner.prototype.commitTransaction = async function () {
    await commitTransaction.call(this);
    await endInner(this);
  };
  AbstractSqliteQueryRunner.prototype.rollbackTransaction = async function () {
    await rollbackTransaction.call(this);
    await endInner(this);
  };
  const { read } = Object.getOwnPropertyDescriptors(Database.prototype);
  Object.defineProperty(Database.prototype, "read", {
    get(this: { connections: Connections }): EntityManager {
      const { writer } = this.connections;
      return writer.options.type === "better-sqlite3" ? writer.manager : (read.get?.call(this) as EntityManager);
    },
  });
}

/** Delays each commit, and returns the connection to the pool after it. */
function breakMysql(): void {
  const { commitTransaction, release } = MysqlQueryRunner.prototype;
  const commits = new WeakMap<MysqlQueryRunner, Promise<void>>();

  MysqlQueryRunner.prototype.commitTransaction = function () {
    commits.set(
      this,
      delay(commitDelayMs).then(() => commitTransaction.call(this)),
    );
    return Promise.resolve();
  };
  MysqlQueryRunner.prototype.release = function () {
    const committed = commits.get(this);
    if (!committed) return release.call(this);
    void committed.catch(() => undefined).then(() => release.call(this));
    return Promise.resolve();
  };
}

breakSqlite();
breakMysql();
