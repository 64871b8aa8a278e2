import { type FindOperator, In } from "typeorm";
import { type Caller, reachableApps } from "../../auth/caller";

/** The rule of canReach() as a condition of a query: it selects only rows of apps that the caller can reach. */
export function appFilter(caller: Caller): { appId?: string | FindOperator<string> } {
  const appIds = reachableApps(caller);
  if (!appIds) return {};
  const [only, ...more] = appIds;
  return { appId: only !== undefined && more.length === 0 ? only : In([...appIds]) };
}
