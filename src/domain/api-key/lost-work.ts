import { type EntityManager, In } from "typeorm";
import { grantsOf, maskOf, satisfies } from "../../auth/permissions";
import { Scope } from "../scope/scope.entity";
import { ApiKey } from "./api-key.entity";

/** Something that a key has started with an agent: a run, or the callback of one. */
export interface StartedWork {
  readonly apiKeyId: string | null;
  readonly agentId: string;
}

/** The work that a key may not go on with: all of it, or all except that with the selected agents. */
export type LostRights = "ALL" | { readonly selected: readonly string[] };

/** Keys per statement. */
const batchSize = 500;

const run = maskOf({ kind: "runtime", anyOf: ["RUN"] });

/**
 * Of these keys, those that may not go on with all agents. A key that was revoked with `runs: FINISH`, or that a successor
 * has replaced, is not among them, whatever becomes of its scope. One statement for up to 500 keys, none for no key.
 */
export async function lostRightsOf(
  manager: EntityManager,
  keyIds: Iterable<string | null>,
): Promise<ReadonlyMap<string, LostRights>> {
  const asked = [...new Set(keyIds)].filter((id) => id !== null);
  // A key that is not found has lost everything.
  const lost = new Map<string, LostRights>(asked.map((id) => [id, "ALL"]));
  for (let from = 0; from < asked.length; from += batchSize) {
    const keys = await manager
      .createQueryBuilder(ApiKey, "apiKey")
      .innerJoinAndSelect("apiKey.joinedScope", "scope")
      .where({ id: In(asked.slice(from, from + batchSize)) })
      .getMany();
    for (const key of keys) {
      const rights = lostBy(key);
      if (rights) lost.set(key.id, rights);
      else lost.delete(key.id);
    }
  }
  return lost;
}

/**
 * Finds the work that must not go on. Work with an agent that was deleted is left alone: the deletion took it off all scopes, and
 * says itself what becomes of its runs.
 */
export async function lostWorkOf<Work extends StartedWork>(
  manager: EntityManager,
  work: readonly Work[],
): Promise<(Work & { readonly apiKeyId: string })[]> {
  const lost = await lostRightsOf(
    manager,
    work.map(({ apiKeyId }) => apiKeyId),
  );
  const isUnselected = ({ apiKeyId, agentId }: StartedWork) => {
    const rights = lost.get(apiKeyId ?? "");
    return rights !== undefined && rights !== "ALL" && !rights.selected.includes(agentId);
  };
  const agents = await existingAgents(manager, work.filter(isUnselected));
  return work.filter(
    (each): each is Work & { readonly apiKeyId: string } =>
      lost.get(each.apiKeyId ?? "") === "ALL" || (isUnselected(each) && agents.has(each.agentId)),
  );
}

async function existingAgents(manager: EntityManager, work: readonly StartedWork[]): Promise<ReadonlySet<string>> {
  const agentIds = [...new Set(work.map(({ agentId }) => agentId))];
  const existing = new Set<string>();
  for (let from = 0; from < agentIds.length; from += batchSize) {
    const found = await manager
      .createQueryBuilder()
      .select("agent.id", "id")
      // By the name of the table, as the room of agents is above this one.
      .from("agent", "agent")
      .where("agent.id IN (:...ids)", { ids: agentIds.slice(from, from + batchSize) })
      .getRawMany<{ id: string }>();
    for (const { id } of found) existing.add(id);
  }
  return existing;
}

function lostBy({ revokedAt, endedAt, revokedRuns, joinedScope }: ApiKey): LostRights | undefined {
  if (revokedAt !== null) return revokedRuns === "FINISH" ? undefined : "ALL";
  // The overlap with the successor is over.
  if (endedAt !== null) return undefined;
  if (!joinedScope || !grantsRun(joinedScope)) return "ALL";
  const { agentAccess, agentIds } = joinedScope.permissions;
  return agentAccess === "ALL" ? undefined : { selected: agentIds };
}

const grantsRun = ({ deletedAt, permissions }: Scope): boolean =>
  deletedAt === null && satisfies(grantsOf(permissions), run);
