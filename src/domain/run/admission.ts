import { type EntityManager, IsNull } from "typeorm";
import { App } from "../app/app.entity";
import type { Database } from "../../platform/database/database";
import { ApiError, notFound } from "../../errors";
import { Run } from "./run.entity";
import { nextDay, tokensUsedToday } from "./token-use";

/**
 * Judges whether an app may have one more run. Where its queue is limited the app is held until the transaction ends, so
 * that of many at once no more get in than there is room for.
 *
 * @throws LIMIT_REACHED that says which limit, how much it allows, and when there is room again
 */
export async function admit(db: Database, manager: EntityManager, appId: string): Promise<void> {
  const app = await manager.findOneBy(App, { id: appId, deletedAt: IsNull() });
  if (!app) throw notFound("agent");
  const { tokensPerDay, queuedRuns } = app.limits;

  if (tokensPerDay !== null) {
    const used = await tokensUsedToday(manager, appId);
    if (used >= tokensPerDay) throw tokensUsedUp(tokensPerDay, used);
  }
  if (queuedRuns !== null) {
    await db.lock(manager, App, { id: appId });
    if ((await manager.countBy(Run, { appId, status: "QUEUED" })) >= queuedRuns) throw queueFull(queuedRuns);
  }
}

function tokensUsedUp(allowed: number, used: number): ApiError {
  const availableAt = nextDay().toISOString();
  return new ApiError(
    "LIMIT_REACHED",
    `This app may use ${allowed} tokens a day, and has used ${used} today. Execute again from ${availableAt} on.`,
    { extensions: { limit: "tokensPerDay", allowed, used, availableAt } },
  );
}

const queueFull = (allowed: number) =>
  new ApiError(
    "LIMIT_REACHED",
    `This app may have ${allowed} runs waiting, and has as many. Execute again as soon as one of them was begun or cancelled.`,
    { extensions: { limit: "queuedRuns", allowed, used: allowed, availableAt: null } },
  );
