import DataLoader from "dataloader";
import { type EntityManager, type EntityTarget, type FindOptionsWhere, In } from "typeorm";

/** Loads entities by id: one statement for all the ids that are asked for at once. */
export function loaderById<Entity extends { id: string }>(manager: EntityManager, entity: EntityTarget<Entity>) {
  return new DataLoader<string, Entity | null>(async (ids) => {
    const found = await manager.findBy(entity, { id: In([...ids]) } as FindOptionsWhere<Entity>);
    const byId = new Map(found.map((each) => [each.id, each]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
