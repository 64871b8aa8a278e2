import type { Logger } from "pino";
import { retry } from "../process/retry";
import { Database } from "./database";
import type { DatabaseConfig } from "./database-config";
import { codeOf, isUnavailable } from "./database-errors";
import type { Entities } from "./data-source";

const retryDelayMs = 500;
/** While the database is unavailable, the log says so at this interval. */
const logIntervalMs = 5_000;

/**
 * Opens a database. If MySQL or MariaDB is unavailable, waits until it is available.
 *
 * @throws {StartupError} immediately if waiting does not help, such as for a wrong password
 */
export async function openWhenAvailable(config: DatabaseConfig, entities: Entities, log: Logger): Promise<Database> {
  if (config.type === "sqlite") return Database.open(config, entities);
  // Not the user name and the password.
  const { host, pathname } = new URL(config.url);
  let loggedAt = -Infinity;
  return retry(() => Database.open(config, entities), {
    shouldRetry: isUnavailable,
    delayMs: retryDelayMs,
    onRetry(error) {
      if (performance.now() - loggedAt <= logIntervalMs) return;
      loggedAt = performance.now();
      log.warn({ database: host + pathname, reason: codeOf(error) }, "waiting for the database");
    },
  });
}
