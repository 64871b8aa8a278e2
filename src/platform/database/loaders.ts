import DataLoader from "dataloader";
import { type EntityTarget, type FindOptionsWhere, In, type ObjectLiteral } from "typeorm";
import type { Database } from "./database";
import { PreparedQuery } from "./prepared-query";

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

const queriesById = new Map<unknown, PreparedQuery<ObjectLiteral, "id">>();

/** The same for all callers, because it is prepared once. */
function queryById(entity: EntityTarget<ObjectLiteral>): PreparedQuery<ObjectLiteral, "id"> {
  const query =
    queriesById.get(entity) ??
    new PreparedQuery(["id"], (manager, values) =>
      manager.createQueryBuilder(entity, "entity").where("entity.id = :id", values),
    );
  queriesById.set(entity, query);
  return query;
}

/** Loads entities by id, with one statement per batch. */
export function loaderById<Entity extends { id: string }>(db: Database, entity: EntityTarget<Entity>) {
  return batching<Entity | null>(async (ids) => {
    const [id = ""] = ids;
    if (ids.length === 1) return [(await queryById(entity).one(db.lookup, { id })) as Entity | null];
    const entities = await db.read.findBy(entity, { id: In([...ids]) } as FindOptionsWhere<Entity>);
    const byId = new Map(entities.map((each) => [each.id, each]));
    return ids.map((each) => byId.get(each) ?? null);
  });
}
