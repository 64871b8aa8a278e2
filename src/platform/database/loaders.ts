import DataLoader from "dataloader";
import { type EntityManager, type EntityTarget, type FindOptionsWhere, In } from "typeorm";

/**
 * Loads at once what is asked for at the same moment, each id once. It remembers nothing beyond that, since the fields
 * of a mutation come one after the other, and each must see what the ones before it have changed.
 */
export function batching<Value>(load: (ids: readonly string[]) => Promise<Value[]>): DataLoader<string, Value> {
  const loader = new DataLoader<string, Value>((ids) => {
    loader.clearAll();
    return load(ids);
  });
  return loader;
}

/** Loads entities by id: one statement for all the ids that are asked for at once. */
export function loaderById<Entity extends { id: string }>(manager: EntityManager, entity: EntityTarget<Entity>) {
  return batching<Entity | null>(async (ids) => {
    const found = await manager.findBy(entity, { id: In([...ids]) } as FindOptionsWhere<Entity>);
    const byId = new Map(found.map((each) => [each.id, each]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
