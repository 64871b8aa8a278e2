import type { DataSource } from "typeorm";

/**
 * In seconds. A process that is stopped within a transaction, or cut off from the network, holds on to what it has locked:
 * MariaDB lets go of it, MySQL does not, but nobody waits for it for long.
 */
const bounds = "SET SESSION innodb_lock_wait_timeout = 10 /*M! , idle_transaction_timeout = 10 */";

interface Pool {
  on(event: "connection", listener: (connection: { query(statement: string): unknown }) => void): unknown;
}

/** Bounds how long locks are held and waited for, in this connection and those to come. */
export async function boundLocks(dataSource: DataSource): Promise<void> {
  const { pool } = dataSource.driver as unknown as { readonly pool: Pool };
  // Before anything else is sent, as each connection answers in order.
  pool.on("connection", (connection) => connection.query(bounds));
  await dataSource.query(bounds);
}
