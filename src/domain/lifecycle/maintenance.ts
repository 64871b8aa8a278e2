import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { deleteExpiredDeliveries } from "../callback/delivery-retention";
import type { Config } from "../../config";
import type { Database } from "../../platform/database/database";
import { deleteExpiredIdempotencyKeys } from "../run/idempotency";
import { deleteOrphanedObjects } from "../document/storage-sweep";
import type { DocumentStorage } from "../../platform/storage/document-storage";
import { terminateIdleSessions } from "./idle-sessions";
import { deleteExpiredConversations } from "./conversation-retention";
import type { TerminationService } from "./termination.service";

const hour = 60 * 60 * 1_000;
const day = 24 * hour;

/** How long sessions live. */
export type SessionLifetime = Pick<Config, "sessionIdleHours" | "sessionRetentionDays">;

/** How long it may take to leave off, in milliseconds: a store that is away may be waited for for long. */
const stopTimeoutMs = 1_000;

/**
 * Removes, from now on and every hour, what has had its day and what a crash left behind: in the background, as there may
 * be very much. Where it can't, the server does its work all the same. Returns what stops it.
 */
export function startMaintenance(
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
    () => deleteExpiredIdempotencyKeys(db, signal),
    () => deleteExpiredDeliveries(db, signal),
    () => terminationService.finishDeletions(),
    () => deleteOrphanedObjects(db, storage, { stop: signal }),
    () => maintainSessions(db, terminationService, lifetime, signal),
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
    return Promise.race([tidied, delay(stopTimeoutMs, undefined, { ref: false })]);
  };
}

async function maintainSessions(
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
    await deleteExpiredConversations(db, new Date(now - sessionRetentionDays * day), stop);
  }
}
