import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { reconcileUsage } from "../app/app-usage";
import { CallbackDelivery } from "../callback/callback-delivery.entity";
import { EventDelivery } from "../event/event-delivery.entity";
import { deleteExpiredDeliveries } from "../callback/delivery-retention";
import type { AuditRetention } from "../audit/audit-retention";
import { deleteExpiredConsoleSessions } from "../console-session/console-sessions";
import type { Database } from "../../platform/database/database";
import { deleteExpiredIdempotencyKeys } from "../run/idempotency";
import { deleteOrphanedObjects } from "../document/storage-sweep";
import type { DocumentStorage } from "../../platform/storage/document-storage";
import { deleteExpiredConversations } from "./conversation-retention";
import { deleteExpiredUsage } from "../usage/usage-retention";
import { terminateIdleSessions } from "./idle-sessions";
import type { Lifecycle } from "./lifecycle";

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;

export interface SessionRetention {
  /** After which an idle session is terminated. Undefined: never. */
  readonly sessionIdleHours: number | undefined;
  /** A terminated session keeps its messages and runs for this time. Undefined: forever. */
  readonly sessionRetentionDays: number | undefined;
}

export interface MaintenanceOptions extends SessionRetention {
  /** Undefined if entries of the audit log are kept forever. */
  readonly auditRetention: AuditRetention | undefined;
  /** Whether other instances, perhaps of the previous version, share the database. */
  readonly isShared: boolean;
  readonly usageRetentionDays: number;
}

/** Stopping waits this long for the current task, which an unreachable storage may block for longer. */
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
  options: MaintenanceOptions,
  log: Logger,
): () => Promise<unknown> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const isStopping = () => signal.aborted;
  const tasks = [
    () => deleteExpiredIdempotencyKeys(db, signal),
    () => deleteExpiredDeliveries(db, CallbackDelivery, ["url"], signal),
    () => deleteExpiredDeliveries(db, EventDelivery, ["body"], signal),
    () => deleteExpiredConsoleSessions(db, signal),
    () => appDeletion.resume(),
    () => deleteOrphanedObjects(db, storage, { stop: signal }),
    () => maintainSessions(db, sessionTermination, options, signal),
    () => deleteExpiredUsage(db, options.usageRetentionDays, signal),
    ...(options.auditRetention ? [() => options.auditRetention?.run(signal)] : []),
    ...(options.isShared ? [() => reconcileUsage(db, signal)] : []),
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
