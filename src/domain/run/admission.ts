import { type EntityManager, IsNull } from "typeorm";
import { App } from "../app/app.entity";
import type { Database } from "../../platform/database/database";
import { ApiError, notFound } from "../../errors";
import { Run } from "./run.entity";
import { nextDay, tokensUsedToday } from "./token-use";

/**
 * Checks the limits of an app before a run is added. If its queue is limited the app is locked until the transaction ends,
 * so that concurrent executions do not exceed the limit together.
 *
 * @throws LIMIT_REACHED with the limit, the allowed number, and when the next run will be accepted
 */
export async function admit(db: Database, manager: EntityManager, appId: string): Promise<void> {
  const app = await manager.findOneBy(App, { id: appId, deletedAt: IsNull() });
  if (!app) throw notFound("agent");
  const { tokensPerDay, queuedRuns } = app.limits;

  if (tokensPerDay !== null) {
    const used = await tokensUsedToday(manager, appId);
    if (used >= tokensPerDay) throw tokensExhausted(tokensPerDay, used);
  }
  if (queuedRuns !== null) {
    await db.lock(manager, App, { id: appId });
    if ((await manager.countBy(Run, { appId, status: "QUEUED" })) >= queuedRuns) throw queueFull(queuedRuns);
  }
}

function tokensExhausted(allowed: number, used: number): ApiError {
  const availableAt = nextDay().toISOString();
  return new ApiError(
    "LIMIT_REACHED",
    `This app may use ${allowed} tokens a day and has used ${used} today. Execute the agent again after ${availableAt}.`,
    { extensions: { limit: "tokensPerDay", allowed, used, availableAt } },
  );
}

const queueFull = (allowed: number) =>
  new ApiError(
    "LIMIT_REACHED",
    `This app may have ${allowed} queued runs and has reached that limit. Execute the agent again once one of them has started or was cancelled.`,
    { extensions: { limit: "queuedRuns", allowed, used: allowed, availableAt: null } },
  );
