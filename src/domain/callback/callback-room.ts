import type { EntityManager } from "typeorm";
import { In } from "typeorm";
import type { AppLimits } from "../app/app-limits.entity";
import { limitReached } from "../app/limit-reached";
import { CallbackDelivery } from "./callback-delivery.entity";

export type CallbackLimits = Pick<AppLimits, "pendingCallbacks" | "callbackHosts">;

const unfinished = ["WAITING", "PENDING"] as const;

/**
 * Checks the limits of an app before a callback is added. It counts no more index entries than the limit allows callbacks.
 *
 * @throws LIMIT_REACHED
 */
export async function assertCallbackRoom(
  manager: EntityManager,
  appId: string,
  host: string,
  { pendingCallbacks, callbackHosts }: CallbackLimits,
): Promise<void> {
  if (pendingCallbacks !== null) {
    const used = await countUpTo(manager, pendingRows, appId, pendingCallbacks);
    if (used >= pendingCallbacks) {
      throw limitReached({
        of: "app",
        limit: "pendingCallbacks",
        max: pendingCallbacks,
        used,
        what: "callbacks that are not delivered yet",
        advice: "Execute the agent without a callback, or wait until some are delivered.",
      });
    }
  }
  if (
    callbackHosts === null ||
    (await manager.existsBy(CallbackDelivery, { appId, host, status: In([...unfinished]) }))
  )
    return;
  const used = await countUpTo(manager, pendingHosts, appId, callbackHosts);
  if (used >= callbackHosts) {
    throw limitReached({
      of: "app",
      limit: "callbackHosts",
      max: callbackHosts,
      used,
      what: "hosts with callbacks that are not delivered yet",
      advice: "Use a host that has one already, or wait until the callbacks of another are delivered.",
    });
  }
}

async function countUpTo(manager: EntityManager, rows: string, appId: string, max: number): Promise<number> {
  const statement = `SELECT COUNT(*) AS used FROM (${rows} LIMIT ${max}) AS pending`;
  const [row] = await manager.query<{ used: number | string }[]>(statement, [appId]);
  return Number(row?.used);
}

const condition = "FROM callback_delivery WHERE status IN ('WAITING', 'PENDING') AND appId = ?";
const pendingRows = `SELECT 1 AS present ${condition}`;
const pendingHosts = `SELECT DISTINCT host ${condition}`;
