import { In, LessThan, MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { Document } from "./document.entity";
import type { DocumentStorage, StoredFile } from "../../platform/storage/document-storage";

/**
 * No upload takes this long. An older file without a document is therefore an orphan, and an older document has all of
 * its files.
 */
const minAgeMs = 60 * 60 * 1_000;
/** Ids in one statement. SQLite accepts at most 32,766. */
const batchSize = 1_000;

/** The ids of the documents that a storage has files of. */
export interface Inventory {
  readonly bytes: Set<string>;
  readonly indexes: Set<string>;
}

export interface SweepOptions {
  readonly isDryRun?: boolean;
  /** Is filled with what the storage has. */
  readonly inventory?: Inventory;
  readonly stop?: AbortSignal;
}

/**
 * Deletes the files and objects that a crash left: those that are older than an hour and belong to no document. Safe
 * while servers are running.
 *
 * @returns the ids that the orphans are named by
 */
export async function deleteOrphanedObjects(
  db: Database,
  storage: DocumentStorage,
  { isDryRun = false, inventory, stop }: SweepOptions = {},
): Promise<string[]> {
  const orphans = new Set<string>();
  let pending: StoredFile[] = [];
  const deleteOrphans = async () => {
    const found = await orphansAmong(db, pending);
    pending = [];
    if (!isDryRun) await storage.remove(found);
    for (const id of found) orphans.add(id);
  };
  for await (const file of storage.list()) {
    stop?.throwIfAborted();
    (file.isIndex ? inventory?.indexes : inventory?.bytes)?.add(file.id);
    if (pending.push(file) === batchSize) await deleteOrphans();
  }
  await deleteOrphans();
  return [...orphans].sort();
}

/**
 * The documents that lack their content, or lack their index although they are READY.
 *
 * @param inventory what the storage had after `asOf`
 */
export async function findIncompleteDocuments(
  db: Database,
  inventory: Inventory,
  asOf: Date,
): Promise<{ withoutBytes: string[]; withoutIndex: string[] }> {
  const [withoutBytes, withoutIndex]: [string[], string[]] = [[], []];
  // A row is deleted before its files, so a document whose row exists now had its files when the storage was listed.
  const createdAt = LessThan(new Date(asOf.getTime() - minAgeMs));
  for (let last = ""; ;) {
    const page = await db.read.find(Document, {
      where: { id: MoreThan(last), createdAt },
      select: { id: true, status: true },
      order: { id: "ASC" },
      take: batchSize,
    });
    for (const { id, status } of page) {
      if (!inventory.bytes.has(id)) withoutBytes.push(id);
      else if (status === "READY" && !inventory.indexes.has(id)) withoutIndex.push(id);
    }
    if (page.length < batchSize) return { withoutBytes, withoutIndex };
    last = page.at(-1)?.id ?? "";
  }
}

async function orphansAmong(db: Database, files: readonly StoredFile[]): Promise<string[]> {
  const where = { id: In([...new Set(files.map(({ id }) => id))]) };
  const known = new Set((await db.read.find(Document, { where, select: { id: true } })).map(({ id }) => id));
  const orphans = new Set<string>();
  for (const file of files.filter(({ id }) => !known.has(id))) {
    const writtenAt = await file.writtenAt();
    if (writtenAt !== undefined && Date.now() - writtenAt > minAgeMs) orphans.add(file.id);
  }
  return [...orphans];
}
