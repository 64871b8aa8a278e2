import { type FindOperator, Raw } from "typeorm";
import { type Caller, selectedAgents } from "../../auth/caller";

/**
 * The condition on the id of a run by which rows that belong to runs are only those of agents that the caller can reach;
 * empty if it can reach all.
 */
export function ofReachableRun(caller: Caller): { runId?: FindOperator<string> } {
  const selected = selectedAgents(caller);
  if (!selected) return {};
  const isReachable = (runId: string) =>
    `EXISTS (SELECT 1 FROM run WHERE run.id = ${runId} AND run.agentId IN (:...reachableAgents))`;
  const runId = (
    selected.length === 0 ? Raw(() => "1 = 0") : Raw(isReachable, { reachableAgents: [...selected] })
  ) as FindOperator<string>;
  return { runId };
}
