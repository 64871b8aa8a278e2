import { loadAdvice } from "../backup/dump-advice";
import { restore, type Restored } from "../backup/restore";
import { type Config, readConfig } from "../config";
import { asStartupError, exitWithError, StartupError } from "../platform/process/startup-error";
import { folderArgument } from "./folder-argument";

/** Copies a backup to where the server is to start on it. */
async function main(): Promise<void> {
  process.umask(0o077);
  const backup = folderArgument("It takes the folder of the backup: npm run restore -- <folder>");
  const config = readConfig(process.env);
  const { database, dataDir } = config;
  if (database.type === "mysql") throw new StartupError(loadAdvice(database.url, config));
  const target = { databasePath: database.path, dataDir };
  const restored = await restore(backup, target).catch(asStartupError("The backup could not be copied"));
  process.stdout.write(`${told(restored, config).join("\n")}\n`);
  if (restored.damaged.length > 0) process.exitCode = 1;
}

function told({ madeAt, hasDocuments, documents, damaged, keys }: Restored, { dataDir, secretsKey }: Config): string[] {
  return [
    `${dataDir} has everything that was accepted before ${madeAt}.`,
    hasDocuments
      ? `${documents} documents are there.`
      : "The documents are in a store of their own (STORAGE_URL), and are as they are there.",
    ...damaged.map(
      (id) => `The document ${id} is damaged: what is kept of it is not what was uploaded, or not all of it.`,
    ),
    ...(keys.includes("secrets.key") || secretsKey !== undefined
      ? []
      : ["SECRETS_KEY is to be what it was: without it, providers' keys and callbacks' secrets can't be read."]),
    "",
    `WHAT WAS REVOKED SINCE ${madeAt} IS VALID AGAIN: keys that were revoked, rights that were taken from scopes, scopes and`,
    "apps that were deleted. Unless you know that there were none, revoke all keys BEFORE the server can be reached:",
    "  npm run keys:revoke -- --all",
    "Runs that were waiting then are carried out now, and callbacks that were due then are posted, though they may have been.",
  ];
}

main().catch((error: unknown) => exitWithError("Nothing was restored", error));
