import "reflect-metadata";
import { parseArgs } from "node:util";
import { IsNull } from "typeorm";
import { ApiKey } from "../domain/api-key/api-key.entity";
import { readConfig } from "../config";
import { entities } from "../container";
import { Database } from "../platform/database/database";
import { exitWithError, StartupError } from "../platform/process/startup-error";

/** Revokes every API key of every app; for use after a restore. */
async function main(): Promise<void> {
  readArguments();
  const db = await Database.open(readConfig(process.env).database, entities);
  try {
    const revocation = { revokedAt: new Date(), revokedBy: "npm run keys:revoke" };
    const { affected } = await db.transaction((manager) => manager.update(ApiKey, { revokedAt: IsNull() }, revocation));
    process.stdout.write(`${affected ?? 0} keys were revoked. No key is valid now.\n`);
  } finally {
    await db.close();
  }
}

function readArguments(): void {
  try {
    if (parseArgs({ options: { all: { type: "boolean" } } }).values.all) return;
  } catch {
    // An unknown option: falls through to the usage.
  }
  throw new StartupError(
    "This command permanently revokes all API keys of all apps. To confirm, run: npm run keys:revoke -- --all",
  );
}

main().catch((error: unknown) => exitWithError("No key was revoked", error));
