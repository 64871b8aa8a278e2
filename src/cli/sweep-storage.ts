import "reflect-metadata";
import { parseArgs } from "node:util";
import { readConfig } from "../config";
import { entities } from "../container";
import { Database } from "../platform/database/database";
import { StartupError, asStartupError, exitWithError } from "../platform/process/startup-error";
import { openStorage } from "../platform/storage/open-storage";
import { findIncompleteDocuments, type Inventory, deleteOrphanedObjects } from "../domain/document/storage-sweep";

/** Removes what a crash left in the store of documents, and says which documents lack something there. */
async function main(): Promise<void> {
  const isDryRun = readArguments();
  const config = readConfig(process.env);
  const db = await Database.open(config.database, entities);
  const storage = await openStorage(config.storage, config.dataDir);
  try {
    const begun = new Date();
    const inventory: Inventory = { bytes: new Set(), indexes: new Set() };
    const leftovers = await deleteOrphanedObjects(db.background, storage, { isDryRun, inventory }).catch(
      asStartupError("The sweep broke off"),
    );
    const { withoutBytes, withoutIndex } = await findIncompleteDocuments(db.background, inventory, begun);
    const lines = [
      ...leftovers.map((id) => `${isDryRun ? "would remove" : "removed"} ${id}`),
      ...withoutBytes.map((id) => `the bytes of the document ${id} are missing`),
      ...withoutIndex.map((id) => `the index of the document ${id} is missing`),
      `${leftovers.length} leftovers ${isDryRun ? "found" : "removed"}, ${withoutBytes.length + withoutIndex.length} documents incomplete.`,
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
    throw new StartupError("It takes `--dry-run` and nothing else: npm run storage:sweep -- --dry-run");
  }
}

main().catch((error: unknown) => exitWithError("The store of documents was not swept", error));
