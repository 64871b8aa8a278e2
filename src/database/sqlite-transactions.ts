import type { DataSource } from "typeorm";

/** What TypeORM has one of for its one connection to SQLite. */
interface Runner {
  connect(): Promise<{ readonly inTransaction: boolean; exec(statement: string): unknown }>;
  isTransactionActive: boolean;
  transactionDepth: number;
}

/**
 * To be called after a transaction that failed. Where the disk is full SQLite takes it back by itself; TypeORM then takes
 * it for one that is still open, and makes of those that follow savepoints within it: the next that fails leaves its own
 * open, and nothing behind that is committed.
 */
export async function endTransaction(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner() as unknown as Runner;
  const connection = await runner.connect();
  if (connection.inTransaction) connection.exec("ROLLBACK");
  runner.isTransactionActive = false;
  runner.transactionDepth = 0;
}
