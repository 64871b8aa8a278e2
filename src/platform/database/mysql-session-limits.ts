import type { DataSource } from "typeorm";

const lockWaitSeconds = 2;
/** The maximum time without a statement inside a transaction. */
const idleTransactionSeconds = 5;

interface Pool {
  on(
    event: "connection",
    listener: (connection: { query(statement: string, done: () => void): unknown }) => void,
  ): unknown;
}

/**
 * Limits, on all connections of the pool, lock waits, idle transactions and the execution time of statements. A process
 * that is stopped inside a transaction, or cut off from the network, keeps its locks. MariaDB ends such a transaction;
 * MySQL does not, but others wait for its locks for a short time only.
 */
export async function limitSessions(dataSource: DataSource, maxStatementSeconds: number): Promise<void> {
  const { pool } = dataSource.driver as unknown as { readonly pool: Pool };
  const limits =
    `SET SESSION innodb_lock_wait_timeout = ${lockWaitSeconds} ` +
    `/*M! , idle_transaction_timeout = ${idleTransactionSeconds}, max_statement_time = ${maxStatementSeconds} */` +
    `/*!50708 , max_execution_time = ${maxStatementSeconds * 1_000} */`;
  // A connection executes statements in order, so this comes first. If the connection is lost, the next statement fails.
  pool.on("connection", (connection) => connection.query(limits, () => undefined));
  await dataSource.query(limits);
}
