import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { DatabaseConfig } from "./database-config";
import { Database } from "./database";
import type { Entities } from "./data-source";
import { codeOf, isUnavailable } from "./database-errors";

/** How long a database that is away is left alone, and how often it is said that it is waited for, in milliseconds. */
const [pause, sayAgain] = [500, 5_000];

/**
 * Opens a database, and waits for MySQL or MariaDB as long as it is away.
 *
 * @throws {StartError} at once where waiting is of no use, such as for a wrong password
 */
export async function openWhenAvailable(config: DatabaseConfig, entities: Entities, log: Logger): Promise<Database> {
  if (config.type === "sqlite") return Database.open(config, entities);
  // Without who connects, and by which password.
  const { host, pathname } = new URL(config.url);
  for (let saidAt = -Infinity; ;) {
    try {
      return await Database.open(config, entities);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (performance.now() - saidAt > sayAgain) {
        saidAt = performance.now();
        log.warn({ database: host + pathname, reason: codeOf(error) }, "waiting for the database");
      }
      await delay(pause);
    }
  }
}
