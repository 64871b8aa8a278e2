import type { AccessNotifier } from "../../auth/access-notifier";
import type { Database } from "../../platform/database/database";
import type { DocumentProcessor } from "../document/document-processor";
import type { RunRuntime } from "../run/run.service";
import { AppDeletion } from "./app-deletion";
import { SessionTermination } from "./session-termination";

/** Ends sessions and apps, for callers and for maintenance. */
export interface Lifecycle {
  readonly sessionTermination: SessionTermination;
  readonly appDeletion: AppDeletion;
}

/** @param db with the timeouts of requests, or the background database */
export function createLifecycle(
  db: Database,
  runs: RunRuntime,
  documentProcessor: DocumentProcessor,
  accessNotifier: AccessNotifier,
): Lifecycle {
  return {
    sessionTermination: new SessionTermination(db, runs.scheduler, documentProcessor),
    appDeletion: new AppDeletion(db, runs, documentProcessor, accessNotifier),
  };
}
