import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import type * as callerModule from "../../../src/auth/caller";

/** Preloaded into a server: it treats keys that are confined to selected agents as if they were not. */
function breakCaller(): void {
  const caller = createRequire(__filename)("../../../src/auth/caller") as typeof callerModule;
  const { canReach, canReachSession } = caller;
  const broken: Partial<typeof callerModule> = {
    selectedAgents: () => undefined,
    isSelectedAgent: () => true,
    canReachAgent: (holder, { appId }) => canReach(holder, appId),
    canReachRun: canReachSession,
  };
  Object.assign(caller, broken);
}

// Threads that read from the database have no callers, and start faster without.
if (isMainThread) breakCaller();
