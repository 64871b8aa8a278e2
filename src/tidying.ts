import type { Logger } from "pino";
import type { Config } from "./config";
import type { Database } from "./database/database";
import { forgetOldKeys } from "./run/idempotency";
import { sweep } from "./storage-sweep";
import type { DocumentStorage } from "./storage/document-storage";
import { terminateIdleSessions } from "./termination/idle-sessions";
import { removeOldConversations } from "./termination/old-conversations";
import type { TerminationService } from "./termination/termination.service";

const hour = 60 * 60 * 1_000;
const day = 24 * hour;

/** How long sessions live. */
export type SessionLifetime = Pick<Config, "sessionIdleHours" | "sessionRetentionDays">;

/**
 * Removes, now and every hour, what has had its day and what a crash left behind. Where it can't, the server does its
 * work all the same. Returns what stops it, and waits for it.
 */
export async function startTidying(
  db: Database,
  storage: DocumentStorage,
  terminationService: TerminationService,
  lifetime: SessionLifetime,
  log: Logger,
): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  const trying = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!stopping.signal.aborted) log.error({ err: error }, "could not tidy up");
    }
  };
  const tidyUp = () =>
    trying(async () => {
      await forgetOldKeys(db);
      await sweep(db, storage);
    });
  const endSessions = () => trying(() => tidySessions(db, terminationService, lifetime, stopping.signal));
  const finishDeletions = () => trying(() => terminationService.finishDeletions());

  await tidyUp();
  // In the background, as there may be very many.
  let tidied = finishDeletions().then(endSessions);
  const timer = setInterval(() => {
    tidied = tidied.then(tidyUp).then(finishDeletions).then(endSessions);
  }, hour).unref();
  return () => {
    clearInterval(timer);
    stopping.abort();
    return tidied;
  };
}

async function tidySessions(
  db: Database,
  terminationService: TerminationService,
  { sessionIdleHours, sessionRetentionDays }: SessionLifetime,
  stop: AbortSignal,
): Promise<void> {
  const now = Date.now();
  if (sessionIdleHours !== undefined) {
    await terminateIdleSessions(db, terminationService, new Date(now - sessionIdleHours * hour), stop);
  }
  if (sessionRetentionDays !== undefined) {
    await removeOldConversations(db, new Date(now - sessionRetentionDays * day), stop);
  }
}
