import type { Logger } from "pino";
import { In } from "typeorm";
import type { Database } from "./database/database";
import { Document } from "./document/document.entity";
import type { DocumentStorage } from "./document/storage";
import { forgetOldKeys } from "./run/idempotency";

const hour = 60 * 60 * 1_000;

/** Removes, now and every hour, what has had its day and what a crash left behind. Returns what stops it. */
export async function startTidying(db: Database, storage: DocumentStorage, log: Logger): Promise<() => void> {
  const tidy = async () => {
    await forgetOldKeys(db);
    await storage.sweep(async (ids) => {
      const known = await db.read.find(Document, { where: { id: In([...ids]) }, select: { id: true } });
      return new Set(known.map(({ id }) => id));
    });
  };
  await tidy();
  const timer = setInterval(() => {
    tidy().catch((error: unknown) => log.error({ err: error }, "could not tidy up"));
  }, hour).unref();
  return () => clearInterval(timer);
}
