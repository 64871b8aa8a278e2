import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "typeorm";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { AbstractSqliteQueryRunner } from "typeorm/driver/sqlite-abstract/AbstractSqliteQueryRunner";
import { Database } from "../../../src/platform/database/database";
import type { SqliteFile } from "../../../src/platform/database/sqlite-connections";
import { SqliteTransactions } from "../../../src/platform/database/sqlite-transactions";

/**
 * When loaded before the server, makes it acknowledge writes before they are committed, like a server that buffers
 * writes in memory to be faster.
 */

const commitDelayMs = 50;

/** Reports each transaction as soon as its work is done, and delays the commits. Reads see what is not committed. */
function breakSqlite(): void {
  const { run } = SqliteTransactions.prototype;
  SqliteTransactions.prototype.run = async function <Result>(
    this: SqliteTransactions,
    work: (manager: EntityManager) => Promise<Result>,
  ) {
    let result = Promise.reject<Result>(new Error("the work has not run"));
    result.catch(() => undefined);
    const { outcome } = await run.call(this, (manager) => (result = work(manager)));
    // A failure cannot be reported: the writes have been acknowledged.
    outcome.catch(() => undefined);
    return { outcome: result };
  };

  const { commitTransaction } = AbstractSqliteQueryRunner.prototype;
  AbstractSqliteQueryRunner.prototype.commitTransaction = async function () {
    const { transactionDepth } = this as unknown as { transactionDepth: number };
    if (transactionDepth === 1) await delay(commitDelayMs);
    await commitTransaction.call(this);
  };

  const { read } = Object.getOwnPropertyDescriptors(Database.prototype);
  Object.defineProperty(Database.prototype, "read", {
    get(this: { connections: { file?: SqliteFile } }): EntityManager {
      return this.connections.file?.writer.manager ?? (read.get?.call(this) as EntityManager);
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
