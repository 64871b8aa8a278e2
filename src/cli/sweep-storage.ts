import "reflect-metadata";
import { parseArgs } from "node:util";
import { readConfig } from "../config";
import { entities } from "../container";
import { Database } from "../database/database";
import { StartError, blaming, giveUp } from "../start-error";
import { openStorage } from "../storage/open-storage";
import { incomplete, type Inventory, sweep } from "../storage-sweep";

/** Removes what a crash left in the store of documents, and says which documents lack something there. */
async function main(): Promise<void> {
  const isDryRun = readArguments();
  const config = readConfig(process.env);
  const db = await Database.open(config.database, entities);
  const storage = await openStorage(config.storage, config.dataDir);
  try {
    const begun = new Date();
    const inventory: Inventory = { bytes: new Set(), indexes: new Set() };
    const leftovers = await sweep(db.background, storage, { isDryRun, inventory }).catch(
      blaming("The sweep broke off"),
    );
    const { withoutBytes, withoutIndex } = await incomplete(db.background, inventory, begun);
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
    throw new StartError("It takes `--dry-run` and nothing else: npm run storage:sweep -- --dry-run");
  }
}

main().catch((error: unknown) => giveUp("The store of documents was not swept", error));
