import { QueryFailedError } from "typeorm";
import { ApiError } from "../../errors";
import { StartupError } from "../process/startup-error";

/** Codes of a connection that can't be made, or was lost. */
const connectionErrors = [
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

/** Codes of MySQL and MariaDB while they start, stop, fail over to another server, or lack a resource. */
const serverErrors = [
  "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
  "ER_CON_COUNT_ERROR",
  "ER_CONNECTION_KILLED",
  "ER_DISK_FULL",
  "ER_MAX_PREPARED_STMT_COUNT_REACHED",
  "ER_NEED_REPREPARE",
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

/** Codes that only MariaDB has; the driver has no names for them. */
const mariadbCodes: ReadonlyMap<unknown, string> = new Map([
  [1927, "ER_CONNECTION_KILLED"],
  [1969, "ER_STATEMENT_TIMEOUT"],
]);

const transientCodes: ReadonlySet<string> = new Set([...connectionErrors, ...serverErrors]);

/** Codes of SQLite if another process holds the file, or if the disk fails. */
const sqliteFileErrors = /^SQLITE_(BUSY|CANTOPEN|FULL|IOERR|LOCKED|READONLY)/;

/** @returns the code of the database or of its connection; an empty text if the error has none */
export function codeOf(error: unknown): string {
  if (error instanceof QueryFailedError) return codeOf(error.driverError);
  if (error instanceof ApiError || error instanceof StartupError) return codeOf(error.cause);
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: number };
  // The code of a DOMException is a number.
  return mariadbCodes.get(errno) ?? (typeof code === "string" ? code : "");
}

/** Whether the database can't be reached or can't work at the moment. Not an error of the statement; may be transient. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (transientCodes.has(code) || sqliteFileErrors.test(code)) return true;
  // The message of mysql2 if the connection was lost before the statement.
  return error instanceof QueryFailedError && /closed state/.test(error.message);
}

/** Whether another process holds the lock of SQLite's file. */
export const isBusy = (error: unknown): boolean => codeOf(error).startsWith("SQLITE_BUSY");

/** Whether a transaction lost a lock to another one, and can be retried. */
export const isLockConflict = (error: unknown): boolean =>
  ["ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT"].includes(codeOf(error));
