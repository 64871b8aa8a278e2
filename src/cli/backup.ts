import { type Backup, backUp } from "../backup/backup";
import { dumpAdvice } from "../backup/dump-advice";
import { type Config, readConfig } from "../config";
import { asStartupError, exitWithError, StartupError } from "../platform/process/startup-error";
import { folderArgument } from "./folder-argument";

/** Copies all that a server keeps, while it is running, into a folder. */
async function main(): Promise<void> {
  process.umask(0o077);
  const folder = folderArgument("It takes the folder that is to be made: npm run backup -- <folder>");
  const config = readConfig(process.env);
  const { database, dataDir, storage } = config;
  if (database.type === "mysql") throw new StartupError(dumpAdvice(database.url, config));
  const source = { databasePath: database.path, dataDir, hasDocuments: storage.type === "folder" };
  const backup = await backUp(source, folder).catch(asStartupError("What is kept could not be copied"));
  process.stdout.write(`${told(backup, folder, config).join("\n")}\n`);
  // It is there, and is not what it should be.
  if (backup.damaged.length > 0) process.exitCode = 1;
}

function told({ madeAt, documents, deleted, damaged, keys }: Backup, folder: string, config: Config): string[] {
  const { storage, adminKey, secretsKey } = config;
  return [
    `${folder} has everything that was accepted before ${madeAt.toISOString()}.`,
    storage.type === "folder"
      ? `${documents} documents are in it${deleted > 0 ? `; ${deleted} were deleted while they were copied` : ""}.`
      : "The documents are not in it: back up the store (STORAGE_URL) by its own means, after this.",
    ...damaged.map(
      (id) => `The document ${id} is damaged: what is kept of it is not what was uploaded, or not all of it.`,
    ),
    ...(keys.length > 0 ? [`Keep it as secret as the data directory: ${keys.join(" and ")} are in it.`] : []),
    ...(adminKey === undefined ? [] : ["ADMIN_KEY is not in it."]),
    ...(secretsKey === undefined
      ? []
      : ["SECRETS_KEY is not in it. Keep it elsewhere: without it, providers' keys and callbacks' secrets are lost."]),
  ];
}

main().catch((error: unknown) => exitWithError("There is no backup", error));
