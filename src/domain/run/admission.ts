import type { EntityManager } from "typeorm";
import { App } from "../app/app.entity";
import type { AppLimits } from "../app/app-limits.entity";
import { limitReached } from "../app/limit-reached";
import type { Caller } from "../../auth/caller";
import type { Database } from "../../platform/database/database";
import { Run } from "./run.entity";
import { holderTokensUsedToday, nextDay, tokensUsedToday } from "./token-use";

/**
 * Checks the limits of an app, a scope and a key before a run is added. If the app's queue is limited the app is locked
 * until the transaction ends, so that concurrent executions do not exceed the limit together.
 *
 * @throws LIMIT_REACHED with the limit, the allowed number, and when the next run will be accepted
 */
export async function admit(
  db: Database,
  manager: EntityManager,
  appId: string,
  { tokensPerDay, queuedRuns }: AppLimits,
  caller: Caller,
): Promise<void> {
  if (tokensPerDay !== null) checkTokens("app", tokensPerDay, await tokensUsedToday(manager, appId));
  await checkHolderTokens(manager, caller);
  if (queuedRuns !== null) {
    await db.lock(manager, App, { id: appId });
    const used = await manager.countBy(Run, { appId, status: "QUEUED" });
    if (used >= queuedRuns) throw queueFull(queuedRuns, used);
  }
}

async function checkHolderTokens(manager: EntityManager, caller: Caller): Promise<void> {
  if (caller.kind !== "API_KEY") return;
  const { key, scope } = caller.limits;
  const limited = [
    { of: "API key", id: caller.keyId, max: key.tokensPerDay },
    { of: "scope", id: caller.scopeId, max: scope.tokensPerDay },
  ] as const;
  for (const { of, id, max } of limited) {
    if (max !== null) checkTokens(of, max, await holderTokensUsedToday(manager, id));
  }
}

function checkTokens(of: "app" | "scope" | "API key", max: number, used: number): void {
  if (used < max) return;
  const availableAt = nextDay();
  throw limitReached({
    of,
    limit: "tokensPerDay",
    max,
    used,
    what: "tokens used today",
    advice: `Execute the agent again after ${availableAt.toISOString()}.`,
    availableAt,
  });
}

const queueFull = (max: number, used: number) =>
  limitReached({
    of: "app",
    limit: "queuedRuns",
    max,
    used,
    what: "queued runs",
    advice: "Execute the agent again once one of them has started or was cancelled.",
  });
