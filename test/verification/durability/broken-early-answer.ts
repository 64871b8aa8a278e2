import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "typeorm";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { AbstractSqliteQueryRunner } from "typeorm/driver/sqlite-abstract/AbstractSqliteQueryRunner";
import type { Connections } from "../../../src/platform/database/connections";
import { Database } from "../../../src/platform/database/database";

/**
 * Loaded into a server before anything else, it has changes answered before they are committed: as a server does that
 * keeps them in memory for a moment to be faster.
 */
const late = 50;

/** The transactions of a moment become parts of one, and what is read is read within that. */
function breakSqlite(): void {
  const { startTransaction, commitTransaction, rollbackTransaction } = AbstractSqliteQueryRunner.prototype;
  const state = { isOpen: false, isWithin: false, isDue: false, committed: Promise.resolve() };

  const commit = async (runner: AbstractSqliteQueryRunner) => {
    Object.assign(state, { isOpen: false, isDue: false });
    // Nobody is there any more who could be told that it failed.
    await commitTransaction.call(runner).catch(() => rollbackTransaction.call(runner).catch(() => undefined));
  };
  const leave = async (runner: AbstractSqliteQueryRunner) => {
    state.isWithin = false;
    if (state.isDue) await commit(runner);
  };
  AbstractSqliteQueryRunner.prototype.startTransaction = async function () {
    await state.committed;
    state.isWithin = true;
    if (!state.isOpen) {
      state.isOpen = true;
      await startTransaction.call(this);
      setTimeout(() => {
        state.isDue = true;
        if (!state.isWithin) state.committed = commit(this);
      }, late);
    }
    await startTransaction.call(this);
  };
  AbstractSqliteQueryRunner.prototype.commitTransaction = async function () {
    await commitTransaction.call(this);
    await leave(this);
  };
  AbstractSqliteQueryRunner.prototype.rollbackTransaction = async function () {
    await rollbackTransaction.call(this);
    await leave(this);
  };
  const { read } = Object.getOwnPropertyDescriptors(Database.prototype);
  Object.defineProperty(Database.prototype, "read", {
    get(this: { connections: Connections }): EntityManager {
      const { writer } = this.connections;
      return writer.options.type === "better-sqlite3" ? writer.manager : (read.get?.call(this) as EntityManager);
    },
  });
}

/** A connection goes back to the others once it has committed. */
function breakMysql(): void {
  const { commitTransaction, release } = MysqlQueryRunner.prototype;
  const commits = new WeakMap<MysqlQueryRunner, Promise<void>>();

  MysqlQueryRunner.prototype.commitTransaction = function () {
    commits.set(
      this,
      delay(late).then(() => commitTransaction.call(this)),
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
