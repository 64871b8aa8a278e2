import type { PoolConnection, RowDataPacket } from "mysql2";

export interface SessionLimits {
  readonly maxStatementSeconds: number;
}

const lockWaitSeconds = 2;
/** The maximum time without a statement inside a transaction. */
const idleTransactionSeconds = 5;

/** The statements rely on these settings. A server can have other defaults, and other ones for each new connection. */
const settings = {
  sql_mode: "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
  time_zone: "+00:00",
  autocommit: "1",
  completion_type: "NO_CHAIN",
  foreign_key_checks: "1",
  unique_checks: "1",
  sql_auto_is_null: "0",
  sql_big_selects: "1",
  sql_safe_updates: "0",
  sql_select_limit: "4294967295",
  character_set_client: "utf8mb4",
  character_set_connection: "utf8mb4",
  character_set_results: "utf8mb4",
  collation_connection: "utf8mb4_bin",
} as const;

const names = Object.keys(settings) as (keyof typeof settings)[];

/**
 * Prepares the session of a new connection: how it reads statements and values, and, if there are limits, its lock
 * waits, its idle transactions and the execution time of statements. A process that is stopped inside a transaction, or
 * cut off from the network, keeps its locks. MariaDB ends such a transaction; MySQL does not, but others wait for its
 * locks for a short time only.
 *
 * @throws {Error} if the session does not have the settings afterwards
 */
export async function prepareSession(
  connection: PoolConnection,
  limits: SessionLimits | undefined,
  timeoutMs: number,
): Promise<void> {
  const send = (sql: string) => sent(connection, sql, timeoutMs);
  const assignments = names.map((name) => `${name} = ${literalOf(settings[name])}`);
  await send(`SET SESSION ${assignments.join(", ")}${limits ? limitsOf(limits) : ""}`);
  await send("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  const [actual] = await send(`SELECT ${names.map((name) => `@@${name} AS ${name}`).join(", ")}`);
  const wrong = names.filter((name) => !isEqual(settings[name], actual?.[name]));
  if (wrong.length === 0) return;
  const found = wrong.map((name) => `${name} = ${literalOf(String(actual?.[name]))}`);
  throw new Error(`The server changes the settings of this session: ${found.join(", ")}`);
}

function limitsOf({ maxStatementSeconds }: SessionLimits): string {
  return (
    `, innodb_lock_wait_timeout = ${lockWaitSeconds} ` +
    `/*M! , idle_transaction_timeout = ${idleTransactionSeconds}, max_statement_time = ${maxStatementSeconds} */` +
    `/*!50708 , max_execution_time = ${maxStatementSeconds * 1_000} */`
  );
}

function sent(connection: PoolConnection, sql: string, timeout: number): Promise<RowDataPacket[]> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[]>({ sql, timeout }, (error, rows) => {
      if (error) reject(error);
      else resolve(rows);
    });
  });
}

/** A mode is a set, whose order is that of the server. */
const isEqual = (one: string, other: unknown): boolean => sorted(one) === sorted(String(other));

const sorted = (list: string): string => list.split(",").sort().join();

/** A text has no quotes and backslashes, so that it is the same in all modes. */
function literalOf(text: string): string {
  return /^\d+$/.test(text) ? text : `'${text}'`;
}
