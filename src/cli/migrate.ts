import { readConfig } from "../config";
import { entities } from "../entities";
import { Database } from "../platform/database/database";
import { exitWithError } from "../platform/process/startup-error";

/** Migrates the schema of the database without starting the server. */
async function migrateSchema(): Promise<void> {
  const db = await Database.open(readConfig(process.env).database, entities);
  await db.close();
  process.stdout.write("The schema of the database is up to date.\n");
}

export const main = (): Promise<void> =>
  migrateSchema().catch((error: unknown) => exitWithError("The database could not be migrated", error));
