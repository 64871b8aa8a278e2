import { In, LessThan, MoreThan } from "typeorm";
import type { Database } from "./database/database";
import { Document } from "./document/document.entity";
import type { DocumentStorage, StoredFile } from "./storage/document-storage";

/**
 * An hour is longer than any upload takes, so that what is older and belongs to no document was left by a crash, and a
 * document that is older has all that it is to have.
 */
const settledAge = 60 * 60 * 1_000;
/** How many ids one statement names. SQLite takes 32,766 at most. */
const batch = 1_000;

/** What a store has of a document. */
interface Stored {
  hasBytes: boolean;
  hasIndex: boolean;
}

/**
 * Removes what a crash left in the store: what is older than an hour and belongs to no document. Servers may be running.
 *
 * @returns the ids that it belonged to, and what there is in the store
 */
export async function sweep(
  db: Database,
  storage: DocumentStorage,
  { isDryRun = false } = {},
): Promise<{ leftovers: string[]; stored: ReadonlyMap<string, Stored> }> {
  const stored = new Map<string, Stored>();
  const leftovers: string[] = [];
  let unjudged: StoredFile[] = [];
  const judge = async () => {
    const left = await leftoversAmong(db, unjudged);
    unjudged = [];
    if (!isDryRun) await storage.remove(left);
    leftovers.push(...left);
  };
  for await (const file of storage.list()) {
    const { hasBytes, hasIndex } = stored.get(file.id) ?? { hasBytes: false, hasIndex: false };
    stored.set(file.id, { hasBytes: hasBytes || !file.isIndex, hasIndex: hasIndex || file.isIndex });
    if (unjudged.push(file) === batch) await judge();
  }
  await judge();
  return { leftovers: [...new Set(leftovers)].sort(), stored };
}

/**
 * The documents that lack their bytes, or their index though they have been read.
 *
 * @param stored what the store was seen to have, at the time of `asOf`
 */
export async function missing(
  db: Database,
  stored: ReadonlyMap<string, Stored>,
  asOf: Date,
): Promise<{ withoutBytes: string[]; withoutIndex: string[] }> {
  const [withoutBytes, withoutIndex]: [string[], string[]] = [[], []];
  // As a row is gone before its bytes are, one that is there now had them when the store was seen.
  const createdAt = LessThan(new Date(asOf.getTime() - settledAge));
  for (let last = "", page: Document[] = []; ;) {
    page = await db.read.find(Document, {
      where: { id: MoreThan(last), createdAt },
      select: { id: true, status: true },
      order: { id: "ASC" },
      take: batch,
    });
    for (const { id, status } of page) {
      const { hasBytes, hasIndex } = stored.get(id) ?? { hasBytes: false, hasIndex: false };
      if (!hasBytes) withoutBytes.push(id);
      else if (status === "READY" && !hasIndex) withoutIndex.push(id);
    }
    last = page.at(-1)?.id ?? "";
    if (page.length < batch) return { withoutBytes, withoutIndex };
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
