import {
  type AgentAccess,
  type AgentSelection,
  grantsOf,
  type KeyAccess,
  permissionsOf,
  type RuntimePermission,
  type SessionAccess,
} from "./permissions";

/** Everything that a scope allows. */
export interface ScopeRights {
  readonly agents: AgentAccess;
  readonly runtime: readonly RuntimePermission[];
  readonly sessions: SessionAccess;
  readonly agentAccess: AgentSelection;
  readonly agentIds: readonly string[];
  readonly keys: KeyAccess;
}

/**
 * The rights of a scope that another scope lacks, so that no key of it may hand them out; empty if there are none.
 *
 * A right to sessions is one to certain sessions: OWN means those of the scope itself, which keys of another scope reach
 * with APP alone. A scope that may manage keys must grant less than `own`, or its keys could manage those of `own`.
 */
export function excessOf(rights: ScopeRights, own: ScopeRights): string[] {
  const excess = exceeding(rights, own);
  const isEqual = excess.length === 0 && exceeding(own, rights, "as kinds").length === 0;
  return isEqual && rights.keys === "MANAGE" ? ["MANAGE on keys of a scope that grants as much"] : excess;
}

/** @param sessions "as kinds" to take OWN for the same right in both scopes */
function exceeding(rights: ScopeRights, own: ScopeRights, sessions?: "as kinds"): string[] {
  const missing = permissionsOf(grantsOf(bare(rights)) & ~grantsOf(bare(own)));
  const reachesOthers = sessions ? rights.sessions === "APP" : rights.runtime.length > 0;
  return [
    ...(missing.agents === "NONE" ? [] : [missing.agents]),
    ...missing.runtime,
    ...(missing.keys ? [`${missing.keys} on keys`] : []),
    ...(reachesOthers && own.sessions !== "APP" ? ["sessions APP"] : []),
    ...agentsBeyond(rights, own),
  ];
}

/** Without the selection of agents, which the list decides. */
const bare = ({ agents, runtime, keys }: ScopeRights) => ({ agents, runtime, keys, agentAccess: "SELECTED" as const });

/** With anything but ALL, the list alone decides. */
function agentsBeyond(rights: ScopeRights, own: ScopeRights): string[] {
  if (own.agentAccess === "ALL") return [];
  if (rights.agentAccess === "ALL") return ["agentAccess ALL"];
  return rights.agentIds.every((id) => own.agentIds.includes(id)) ? [] : ["agents that it has not selected"];
}
