import type { Logger } from "pino";
import type { Database } from "./database/database";
import { forgetOldKeys } from "./run/idempotency";
import { sweep } from "./storage-sweep";
import type { DocumentStorage } from "./storage/document-storage";

const hour = 60 * 60 * 1_000;

/**
 * Removes, now and every hour, what has had its day and what a crash left behind. Where it can't, the server does its
 * work all the same. Returns what stops it, and waits for it.
 */
export async function startTidying(db: Database, storage: DocumentStorage, log: Logger): Promise<() => Promise<void>> {
  const tidy = async () => {
    try {
      await forgetOldKeys(db);
      await sweep(db, storage);
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
