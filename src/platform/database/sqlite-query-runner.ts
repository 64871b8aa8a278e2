import type { DataSource, QueryRunner } from "typeorm";
import type { BetterSqlite3Driver } from "typeorm/driver/better-sqlite3/BetterSqlite3Driver";
import { BetterSqlite3QueryRunner } from "typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner";
import { unavailable } from "../../errors";
import { isUnavailable } from "./database-errors";

/**
 * To be called before anything is connected.
 *
 * @throws UNAVAILABLE from each statement for which the file is held by others, or the disk does not do as it should
 */
export function translateSqliteErrors(dataSource: DataSource): void {
  const driver = dataSource.driver as BetterSqlite3Driver;
  const runner = new SqliteQueryRunner(driver);
  driver.createQueryRunner = () => runner as QueryRunner;
}

/**
 * To be called after a transaction that failed. Where the disk is full SQLite takes it back by itself; TypeORM then takes
 * it for one that is still open, puts all that follows into it, and commits nothing of that.
 */
export async function endTransaction(dataSource: DataSource): Promise<void> {
  await (dataSource.createQueryRunner() as SqliteQueryRunner).endTransaction();
}

interface Connection {
  readonly inTransaction: boolean;
  exec(statement: string): unknown;
}

/** Runs all statements on a connection. */
class SqliteQueryRunner extends BetterSqlite3QueryRunner {
  override async query(...statement: Parameters<BetterSqlite3QueryRunner["query"]>): Promise<unknown> {
    try {
      return (await super.query(...statement)) as unknown;
    } catch (error) {
      throw isUnavailable(error) ? unavailable(error) : error;
    }
  }

  async endTransaction(): Promise<void> {
    const connection = (await this.connect()) as Connection;
    if (connection.inTransaction) connection.exec("ROLLBACK");
    this.isTransactionActive = false;
    this.transactionDepth = 0;
  }
}
