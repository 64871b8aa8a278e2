import { type Backup, backUp } from "../backup/backup";
import { dumpAdvice } from "../backup/dump-advice";
import { type Config, readConfig } from "../config";
import { asStartupError, exitWithError, StartupError } from "../platform/process/startup-error";
import { folderArgument } from "./folder-argument";

/** Copies the data of a server, which may be running, into a folder. */
async function copyData(): Promise<void> {
  process.umask(0o077);
  const folder = folderArgument("Usage: npm run backup -- <new folder>");
  const config = readConfig(process.env);
  const { database, dataDir, storage } = config;
  if (database.type === "mysql") throw new StartupError(dumpAdvice(database.url, config));
  const source = { databasePath: database.path, dataDir, hasDocuments: storage.type === "folder" };
  const backup = await backUp(source, folder).catch(asStartupError("The data could not be copied"));
  process.stdout.write(`${summaryOf(backup, folder, config).join("\n")}\n`);
  if (backup.damaged.length > 0) process.exitCode = 1;
}

function summaryOf({ madeAt, documents, deleted, damaged, keys }: Backup, folder: string, config: Config): string[] {
  const { storage, adminKey, secretsKey } = config;
  return [
    `${folder} contains everything that was accepted before ${madeAt.toISOString()}.`,
    storage.type === "folder"
      ? `It contains ${documents} documents${deleted > 0 ? `; ${deleted} were deleted during the backup` : ""}.`
      : "It does not contain the documents: back up the object store (STORAGE_URL) separately, after this backup.",
    ...damaged.map((id) => `The document ${id} is incomplete or damaged: its files do not match what was uploaded.`),
    ...(keys.length > 0 ? [`It contains ${keys.join(" and ")}: keep it as secret as the data directory.`] : []),
    ...(adminKey === undefined ? [] : ["It does not contain ADMIN_KEY."]),
    ...(secretsKey === undefined
      ? []
      : [
          "It does not contain SECRETS_KEY. Store it separately: without it, the keys of providers and the secrets of callbacks are lost.",
        ]),
  ];
}

export const main = (): Promise<void> =>
  copyData().catch((error: unknown) => exitWithError("The backup failed", error));
