import { loadAdvice } from "../backup/dump-advice";
import { type Restoration, restore } from "../backup/restore";
import { type Config, readConfig } from "../config";
import { asStartupError, exitWithError, StartupError } from "../platform/process/startup-error";
import { folderArgument } from "./folder-argument";

/** Copies a backup into the data directory. */
async function restoreData(): Promise<void> {
  process.umask(0o077);
  const backup = folderArgument("Usage: npm run restore -- <folder of the backup>");
  const config = readConfig(process.env);
  const { database, dataDir } = config;
  if (database.type === "mysql") throw new StartupError(loadAdvice(database.url, config));
  const target = { databasePath: database.path, dataDir };
  const restoration = await restore(backup, target).catch(asStartupError("The backup could not be copied"));
  process.stdout.write(`${summaryOf(restoration, config).join("\n")}\n`);
  if (restoration.damaged.length > 0) process.exitCode = 1;
}

function summaryOf(restoration: Restoration, { dataDir, secretsKey }: Config): string[] {
  const { madeAt, hasDocuments, documents, damaged, keys } = restoration;
  return [
    `${dataDir} contains everything that was accepted before ${madeAt}.`,
    hasDocuments
      ? `It contains ${documents} documents.`
      : "The backup does not contain the documents: the object store (STORAGE_URL) must have them.",
    ...damaged.map((id) => `The document ${id} is incomplete or damaged: its files do not match what was uploaded.`),
    ...(keys.includes("secrets.key") || secretsKey !== undefined
      ? []
      : [
          "Set SECRETS_KEY to its previous value: without it, the keys of providers and the secrets of callbacks can't be read.",
        ]),
    "",
    `WARNING: everything that was revoked after ${madeAt} IS VALID AGAIN: revoked keys, reduced permissions of scopes,`,
    "and deleted scopes and apps. Unless you know that there are none, revoke all keys BEFORE the server can be reached:",
    "  npm run keys:revoke -- --all",
    "Runs that were queued in the backup will be executed, and callbacks that were due will be sent, possibly again.",
  ];
}

export const main = (): Promise<void> =>
  restoreData().catch((error: unknown) => exitWithError("The restore failed", error));
