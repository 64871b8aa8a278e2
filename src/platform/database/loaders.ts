import DataLoader from "dataloader";
import { type EntityManager, type EntityTarget, type FindOptionsWhere, In } from "typeorm";

/**
 * Combines the loads of one moment into one batch without duplicates. Caches nothing beyond that, as the fields of a
 * mutation run one after another, and each must see the changes of those before it.
 */
export function batching<Value>(load: (ids: readonly string[]) => Promise<Value[]>): DataLoader<string, Value> {
  const loader = new DataLoader<string, Value>((ids) => {
    loader.clearAll();
    return load(ids);
  });
  return loader;
}

/** Loads entities by id, with one statement per batch. */
export function loaderById<Entity extends { id: string }>(manager: EntityManager, entity: EntityTarget<Entity>) {
  return batching<Entity | null>(async (ids) => {
    const entities = await manager.findBy(entity, { id: In([...ids]) } as FindOptionsWhere<Entity>);
    const byId = new Map(entities.map((each) => [each.id, each]));
    return ids.map((id) => byId.get(id) ?? null);
  });
}
