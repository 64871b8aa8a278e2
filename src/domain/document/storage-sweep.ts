import { In, LessThan, MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { Document } from "./document.entity";
import type { DocumentStorage, StoredFile } from "../../platform/storage/document-storage";

/**
 * An hour is longer than any upload takes, so that what is older and belongs to no document was left by a crash, and a
 * document that is older has all that it is to have.
 */
const settledAge = 60 * 60 * 1_000;
/** How many ids one statement names. SQLite takes 32,766 at most. */
const batch = 1_000;

/** The ids of the documents that there is something of in a store. */
export interface Inventory {
  readonly bytes: Set<string>;
  readonly indexes: Set<string>;
}

export interface SweepOptions {
  readonly isDryRun?: boolean;
  /** Takes in what there is. */
  readonly inventory?: Inventory;
  readonly stop?: AbortSignal;
}

/**
 * Removes what a crash left in the store: what is older than an hour and belongs to no document. Servers may be running.
 *
 * @returns the ids that the leftovers belonged to
 */
export async function deleteOrphanedObjects(
  db: Database,
  storage: DocumentStorage,
  { isDryRun = false, inventory, stop }: SweepOptions = {},
): Promise<string[]> {
  const leftovers = new Set<string>();
  let unjudged: StoredFile[] = [];
  const judge = async () => {
    const left = await leftoversAmong(db, unjudged);
    unjudged = [];
    if (!isDryRun) await storage.remove(left);
    for (const id of left) leftovers.add(id);
  };
  for await (const file of storage.list()) {
    stop?.throwIfAborted();
    (file.isIndex ? inventory?.indexes : inventory?.bytes)?.add(file.id);
    if (unjudged.push(file) === batch) await judge();
  }
  await judge();
  return [...leftovers].sort();
}

/**
 * The documents that lack their bytes, or their index though they have been read.
 *
 * @param inventory what the store had after `asOf`
 */
export async function findIncompleteDocuments(
  db: Database,
  inventory: Inventory,
  asOf: Date,
): Promise<{ withoutBytes: string[]; withoutIndex: string[] }> {
  const [withoutBytes, withoutIndex]: [string[], string[]] = [[], []];
  // As a row is gone before its bytes are, one that is there now had them when the store was seen.
  const createdAt = LessThan(new Date(asOf.getTime() - settledAge));
  for (let last = ""; ;) {
    const page = await db.read.find(Document, {
      where: { id: MoreThan(last), createdAt },
      select: { id: true, status: true },
      order: { id: "ASC" },
      take: batch,
    });
    for (const { id, status } of page) {
      if (!inventory.bytes.has(id)) withoutBytes.push(id);
      else if (status === "READY" && !inventory.indexes.has(id)) withoutIndex.push(id);
    }
    if (page.length < batch) return { withoutBytes, withoutIndex };
    last = page.at(-1)?.id ?? "";
  }
}

async function leftoversAmong(db: Database, files: readonly StoredFile[]): Promise<string[]> {
  const where = { id: In([...new Set(files.map(({ id }) => id))]) };
  const known = new Set((await db.read.find(Document, { where, select: { id: true } })).map(({ id }) => id));
  const left = new Set<string>();
  for (const file of files.filter(({ id }) => !known.has(id))) {
    const written = await file.writtenAt();
    if (written !== undefined && Date.now() - written > settledAge) left.add(file.id);
  }
  return [...left];
}
