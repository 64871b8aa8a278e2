import "reflect-metadata";
import { parseArgs } from "node:util";
import { IsNull } from "typeorm";
import { ApiKey } from "../domain/api-key/api-key.entity";
import { readConfig } from "../config";
import { entities } from "../container";
import { Database } from "../platform/database/database";
import { exitWithError, StartupError } from "../platform/process/startup-error";

/** Revokes every key of every app, for when nobody knows which ones should be. */
async function main(): Promise<void> {
  readArguments();
  const db = await Database.open(readConfig(process.env).database, entities);
  try {
    const revocation = { revokedAt: new Date(), revokedBy: "npm run keys:revoke" };
    const { affected } = await db.transaction((manager) => manager.update(ApiKey, { revokedAt: IsNull() }, revocation));
    process.stdout.write(`${affected ?? 0} keys were revoked. None is valid any more.\n`);
  } finally {
    await db.close();
  }
}

function readArguments(): void {
  try {
    if (parseArgs({ options: { all: { type: "boolean" } } }).values.all) return;
  } catch {
    // Said below.
  }
  throw new StartupError("It revokes all keys of all apps, for good. Say so: npm run keys:revoke -- --all");
}

main().catch((error: unknown) => exitWithError("No key was revoked", error));
