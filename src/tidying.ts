import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { forgetOldDeliveries } from "./callback/old-deliveries";
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

/** How long it may take to leave off, in milliseconds: a store that is away may be waited for for long. */
const patience = 1_000;

/**
 * Removes, from now on and every hour, what has had its day and what a crash left behind: in the background, as there may
 * be very much. Where it can't, the server does its work all the same. Returns what stops it.
 */
export function startTidying(
  db: Database,
  storage: DocumentStorage,
  terminationService: TerminationService,
  lifetime: SessionLifetime,
  log: Logger,
): () => Promise<unknown> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const isStopping = () => signal.aborted;
  const works = [
    () => forgetOldKeys(db, signal),
    () => forgetOldDeliveries(db, signal),
    () => terminationService.finishDeletions(),
    () => sweep(db, storage, { stop: signal }),
    () => tidySessions(db, terminationService, lifetime, signal),
  ];
  const tidyUp = async () => {
    for (const work of works) {
      try {
        signal.throwIfAborted();
        await work();
      } catch (error) {
        if (!isStopping()) log.error({ err: error }, "could not tidy up");
      }
    }
  };
  let tidied = tidyUp();
  const timer = setInterval(() => void (tidied = tidied.then(tidyUp)), hour).unref();
  return () => {
    clearInterval(timer);
    stopping.abort();
    return Promise.race([tidied, delay(patience, undefined, { ref: false })]);
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
