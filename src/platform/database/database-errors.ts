import { QueryFailedError } from "typeorm";
import { ApiError } from "../../errors";
import { StartupError } from "../process/startup-error";

/** What a connection fails with where the other end can't be reached, or not any more. */
const connectionLost = [
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "PROTOCOL_CONNECTION_LOST",
];

/** What MySQL and MariaDB say while they start, stop, hand over to another server, or have not enough of something. */
const notNow = [
  "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
  "ER_CON_COUNT_ERROR",
  "ER_CONNECTION_KILLED",
  "ER_DISK_FULL",
  "ER_NORMAL_SHUTDOWN",
  "ER_OPTION_PREVENTS_STATEMENT",
  "ER_OUT_OF_RESOURCES",
  "ER_OUTOFMEMORY",
  "ER_QUERY_INTERRUPTED",
  "ER_QUERY_TIMEOUT",
  "ER_READ_ONLY_MODE",
  "ER_RECORD_FILE_FULL",
  "ER_SERVER_SHUTDOWN",
  "ER_SESSION_WAS_KILLED",
  "ER_STATEMENT_TIMEOUT",
  "ER_TOO_MANY_USER_CONNECTIONS",
  "ER_USER_LIMIT_REACHED",
];

/** The driver has no names for what only MariaDB says. */
const namesByMariadb: ReadonlyMap<unknown, string> = new Map([
  [1927, "ER_CONNECTION_KILLED"],
  [1969, "ER_STATEMENT_TIMEOUT"],
]);

const passing: ReadonlySet<string> = new Set([...connectionLost, ...notNow]);

/** What SQLite says where the file is in use elsewhere, or the disk does not do as it should. */
const fileTrouble = /^SQLITE_(BUSY|CANTOPEN|FULL|IOERR|LOCKED|READONLY)/;

/** The code with which the database, or the way to it, has failed; empty where it was something else. */
export function codeOf(error: unknown): string {
  if (error instanceof QueryFailedError) return codeOf(error.driverError);
  if (error instanceof ApiError || error instanceof StartupError) return codeOf(error.cause);
  const { code = "", errno } = (error ?? {}) as { code?: string; errno?: number };
  return namesByMariadb.get(errno) ?? code;
}

/** Whether a database is away, or can't do its work for now: no fault of the statement, and it may pass. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (passing.has(code) || fileTrouble.test(code)) return true;
  // What mysql2 says of a connection that was lost before the statement.
  return error instanceof QueryFailedError && /closed state/.test(error.message);
}

/** Whether SQLite's file is held by another process. */
export const isBusy = (error: unknown): boolean => codeOf(error).startsWith("SQLITE_BUSY");

/** Whether a transaction has waited for another, and may be done anew. */
export const isLockConflict = (error: unknown): boolean =>
  ["ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT"].includes(codeOf(error));
