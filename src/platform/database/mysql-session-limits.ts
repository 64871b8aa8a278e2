import type { DataSource } from "typeorm";

/** In seconds: how long a lock is waited for, and how long one may do nothing within a transaction. */
const [lockWait, idleness] = [2, 5];

interface Pool {
  on(
    event: "connection",
    listener: (connection: { query(statement: string, done: () => void): unknown }) => void,
  ): unknown;
}

/**
 * Bounds in seconds, in this connection and those to come, how long locks are waited for and held, and statements are
 * worked at. A process that is stopped within a transaction, or cut off from the network, holds on to what it has locked:
 * MariaDB lets go of it, MySQL does not, but nobody waits for it for long.
 *
 * @param most that a statement may take where somebody waits for it
 */
export async function limitSessions(dataSource: DataSource, most: number): Promise<void> {
  const { pool } = dataSource.driver as unknown as { readonly pool: Pool };
  const bounds =
    `SET SESSION innodb_lock_wait_timeout = ${lockWait} ` +
    `/*M! , idle_transaction_timeout = ${idleness}, max_statement_time = ${most} */` +
    `/*!50708 , max_execution_time = ${most * 1_000} */`;
  // Before anything else is sent, as each connection answers in order. Where it is lost, whatever comes next says so.
  pool.on("connection", (connection) => connection.query(bounds, () => undefined));
  await dataSource.query(bounds);
}
