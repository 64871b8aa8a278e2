import type { EntityManager } from "typeorm";
import { lostRightsOf, lostWorkOf } from "../api-key/lost-work";
import type { CallbackDelivery } from "./callback-delivery.entity";

/** The ids of the deliveries that must not be posted, as their keys have lost the right to it. */
export async function lostDeliveries(
  manager: EntityManager,
  deliveries: readonly Pick<CallbackDelivery, "id" | "runId" | "apiKeyId">[],
): Promise<ReadonlySet<string>> {
  const lost = await lostRightsOf(
    manager,
    deliveries.map(({ apiKeyId }) => apiKeyId),
  );
  // Most keys have lost nothing and are not confined to agents: they take no further statement.
  const affected = deliveries.filter(({ apiKeyId }) => apiKeyId !== null && lost.has(apiKeyId));
  if (affected.length === 0) return new Set();
  const runs = await manager
    .createQueryBuilder()
    .select("run.id", "id")
    .addSelect("run.agentId", "agentId")
    // By the name of the table, as the room of runs is above this one.
    .from("run", "run")
    .where("run.id IN (:...ids)", { ids: affected.map(({ runId }) => runId) })
    .getRawMany<{ id: string; agentId: string }>();
  const agentOf = new Map(runs.map(({ id, agentId }) => [id, agentId]));
  const work = affected.map((delivery) => ({ ...delivery, agentId: agentOf.get(delivery.runId) ?? "" }));
  return new Set((await lostWorkOf(manager, work)).map(({ id }) => id));
}
