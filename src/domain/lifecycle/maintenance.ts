import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { deleteExpiredDeliveries } from "../callback/delivery-retention";
import type { Database } from "../../platform/database/database";
import { deleteExpiredIdempotencyKeys } from "../run/idempotency";
import { deleteOrphanedObjects } from "../document/storage-sweep";
import type { DocumentStorage } from "../../platform/storage/document-storage";
import { deleteExpiredConversations } from "./conversation-retention";
import { terminateIdleSessions } from "./idle-sessions";
import type { Lifecycle } from "./lifecycle";

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;

export interface SessionRetention {
  /** After which an idle session is terminated. Undefined: never. */
  readonly sessionIdleHours: number | undefined;
  /** How long a terminated session keeps its messages and runs. Undefined: forever. */
  readonly sessionRetentionDays: number | undefined;
}

/** How long stopping waits for the current task, in milliseconds: a storage that is away may block it for longer. */
const stopTimeoutMs = 1_000;

/**
 * Deletes expired rows and what crashes have left: immediately and then hourly, in the background, because there may be
 * many. Failures are logged and retried at the next hourly run.
 *
 * @returns a function that stops it
 */
export function startMaintenance(
  db: Database,
  storage: DocumentStorage,
  { sessionTermination, appDeletion }: Lifecycle,
  retention: SessionRetention,
  log: Logger,
): () => Promise<unknown> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const isStopping = () => signal.aborted;
  const tasks = [
    () => deleteExpiredIdempotencyKeys(db, signal),
    () => deleteExpiredDeliveries(db, signal),
    () => appDeletion.resume(),
    () => deleteOrphanedObjects(db, storage, { stop: signal }),
    () => maintainSessions(db, sessionTermination, retention, signal),
  ];
  const runTasks = async () => {
    for (const task of tasks) {
      try {
        signal.throwIfAborted();
        await task();
      } catch (error) {
        if (!isStopping()) log.error({ err: error }, "a maintenance task failed; retrying in an hour");
      }
    }
  };
  let finished = runTasks();
  const timer = setInterval(() => void (finished = finished.then(runTasks)), hourMs).unref();
  return () => {
    clearInterval(timer);
    stopping.abort();
    return Promise.race([finished, delay(stopTimeoutMs, undefined, { ref: false })]);
  };
}

async function maintainSessions(
  db: Database,
  sessionTermination: Lifecycle["sessionTermination"],
  { sessionIdleHours, sessionRetentionDays }: SessionRetention,
  stop: AbortSignal,
): Promise<void> {
  const now = Date.now();
  if (sessionIdleHours !== undefined) {
    await terminateIdleSessions(db, sessionTermination, new Date(now - sessionIdleHours * hourMs), stop);
  }
  if (sessionRetentionDays !== undefined) {
    await deleteExpiredConversations(db, new Date(now - sessionRetentionDays * dayMs), stop);
  }
}
