import type { FindOperator } from "typeorm";
import { type Caller, confiningScope } from "../../auth/caller";
import { appFilter } from "../app/app-filter";

/** The rule of canReachSession() as a condition of a query. */
export function sessionFilter(caller: Caller): { appId?: string | FindOperator<string>; sessionScopeId?: string } {
  const sessionScopeId = confiningScope(caller);
  return { ...appFilter(caller), ...(sessionScopeId !== undefined && { sessionScopeId }) };
}
