import type { EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from "typeorm";
import { preparedRows } from "./prepared-query";
import { templateOf } from "./where-template";

/** Reads a row and locks it until the transaction ends. Conditions that differ in their values share a statement. */
export async function lockedRow<Entity extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<Entity>,
  where: FindOptionsWhere<Entity>,
): Promise<Entity | null> {
  const metadata = manager.dataSource.getMetadata(entity);
  const template = templateOf(where, metadata);
  if (!template) return lockingQuery(manager, entity, where).getOne();
  const name = `${metadata.tableName} locked by ${template.shape}`;
  const build = () => lockingQuery(manager, entity, template.where);
  const [row = null] = await preparedRows(manager, name, template.values, build);
  return row;
}

/** SQLite has one writer anyway. */
function lockingQuery<Entity extends ObjectLiteral>(
  manager: EntityManager,
  entity: EntityTarget<Entity>,
  where: FindOptionsWhere<Entity>,
): SelectQueryBuilder<Entity> {
  const query = manager.createQueryBuilder(entity, "locked").where(where).limit(1);
  return manager.dataSource.options.type === "better-sqlite3" ? query : query.setLock("pessimistic_write");
}
