import type { Logger } from "pino";
import { In } from "typeorm";
import type { Database } from "./database/database";
import { Document } from "./document/document.entity";
import type { DocumentStorage } from "./document/storage";
import { forgetOldKeys } from "./run/idempotency";

const hour = 60 * 60 * 1_000;
/** How many ids one statement names. SQLite takes 32,766 at most. */
const batch = 1_000;

/**
 * Removes, now and every hour, what has had its day and what a crash left behind. Where it can't, the server does its
 * work all the same. Returns what stops it, and waits for it.
 */
export async function startTidying(db: Database, storage: DocumentStorage, log: Logger): Promise<() => Promise<void>> {
  const tidy = async () => {
    try {
      await forgetOldKeys(db);
      await storage.sweep((ids) => knownOf(db, ids));
    } catch (error) {
      log.error({ err: error }, "could not tidy up");
    }
  };
  let tidied = tidy();
  await tidied;
  const timer = setInterval(() => void (tidied = tidy()), hour).unref();
  return () => {
    clearInterval(timer);
    return tidied;
  };
}

async function knownOf(db: Database, ids: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (let start = 0; start < ids.length; start += batch) {
    const where = { id: In(ids.slice(start, start + batch)) };
    for (const { id } of await db.read.find(Document, { where, select: { id: true } })) known.add(id);
  }
  return known;
}
