import type { DataSource, QueryRunner } from "typeorm";
import type { BetterSqlite3Driver } from "typeorm/driver/better-sqlite3/BetterSqlite3Driver";
import { BetterSqlite3QueryRunner } from "typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner";
import { unavailable } from "../../errors";
import { isUnavailable } from "./database-errors";

/**
 * Must be called before the data source is initialized. From then on, a statement throws UNAVAILABLE if another process
 * holds the file, or if the disk fails.
 */
export function translateSqliteErrors(dataSource: DataSource): void {
  const driver = dataSource.driver as BetterSqlite3Driver;
  const runner = new SqliteQueryRunner(driver);
  driver.createQueryRunner = () => runner as QueryRunner;
}

/**
 * Must be called after a transaction that failed. If the disk is full, SQLite rolls the transaction back by itself, but
 * TypeORM considers it open, so everything that follows would become part of it and never be committed.
 */
export async function endTransaction(dataSource: DataSource): Promise<void> {
  await (dataSource.createQueryRunner() as SqliteQueryRunner).endTransaction();
}

interface Connection {
  readonly inTransaction: boolean;
  exec(statement: string): unknown;
}

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
