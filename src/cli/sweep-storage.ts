import { parseArgs } from "node:util";
import { readConfig } from "../config";
import { entities } from "../entities";
import { Database } from "../platform/database/database";
import { asStartupError, exitWithError, StartupError } from "../platform/process/startup-error";
import { openStorage } from "../platform/storage/open-storage";
import { deleteOrphanedObjects, findIncompleteDocuments, type Inventory } from "../domain/document/storage-sweep";

/** Deletes orphaned objects from the document storage, and lists documents whose objects are missing. */
async function sweep(): Promise<void> {
  const isDryRun = readArguments();
  const config = readConfig(process.env);
  const db = await Database.open(config.database, entities);
  const storage = await openStorage(config.storage, config.dataDir);
  try {
    const startedAt = new Date();
    const inventory: Inventory = { bytes: new Set(), indexes: new Set() };
    const orphans = await deleteOrphanedObjects(db.background, storage, { isDryRun, inventory }).catch(
      asStartupError("The sweep was interrupted"),
    );
    const { withoutBytes, withoutIndex } = await findIncompleteDocuments(db.background, inventory, startedAt);
    const lines = [
      ...orphans.map((id) => `${isDryRun ? "would remove" : "removed"} ${id}`),
      ...withoutBytes.map((id) => `the content of the document ${id} is missing`),
      ...withoutIndex.map((id) => `the index of the document ${id} is missing`),
      `${orphans.length} orphaned objects ${isDryRun ? "found" : "removed"}, ${withoutBytes.length + withoutIndex.length} documents incomplete.`,
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
  } finally {
    await storage.close();
    await db.close();
  }
}

function readArguments(): boolean {
  try {
    const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
    return values["dry-run"];
  } catch {
    throw new StartupError("Usage: npm run storage:sweep -- [--dry-run]");
  }
}

export const main = (): Promise<void> =>
  sweep().catch((error: unknown) => exitWithError("The sweep of the document storage failed", error));
