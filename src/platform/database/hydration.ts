import type { EntityMetadata, ObjectLiteral, SelectQueryBuilder } from "typeorm";
import type { Driver } from "typeorm/driver/Driver";
import { DriverUtils } from "typeorm/driver/DriverUtils";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata";
import type { Alias } from "typeorm/query-builder/Alias";

export type Row = Readonly<Record<string, unknown>>;

/** Makes an entity of a row. */
export type Hydrate = (row: Row) => ObjectLiteral;

/** Plans by the entity that a query selects, and then by the names of its columns. */
const plansOf = new WeakMap<EntityMetadata, Map<string, Hydrate>>();

/** The number of plans for one entity: each query in the code needs one. */
const maxPlans = 20;

/**
 * Executes a query of entities that are joined to nothing but a subquery. TypeORM would look up for each row how its
 * columns become an entity, which takes longer than to execute the query.
 */
export async function rowsAndEntities<Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
): Promise<{ readonly raw: readonly Row[]; readonly entities: Entity[] }> {
  const raw = await query.getRawMany<Row>();
  const [first] = raw;
  const { mainAlias } = query.expressionMap;
  if (!first || !mainAlias) return { raw, entities: [] };
  const plans = plansOf.get(mainAlias.metadata) ?? new Map<string, Hydrate>();
  const name = Object.keys(first).join();
  const hydrate = plans.get(name) ?? hydrationOf(query, first);
  if (plans.size < maxPlans) plans.set(name, hydrate);
  plansOf.set(mainAlias.metadata, plans);
  return { raw, entities: raw.map((row) => hydrate(row) as Entity) };
}

/**
 * How the rows of a query become entities. A relation that is joined becomes a property of its parent; it must be joined
 * to one row.
 *
 * @param row one of the rows, which shows the columns that are selected
 * @param of the alias of the entity; without it the one that the query selects from
 */
export function hydrationOf(
  { expressionMap, dataSource }: Pick<SelectQueryBuilder<ObjectLiteral>, "expressionMap" | "dataSource">,
  row: Row,
  of?: string,
): Hydrate {
  const { driver } = dataSource;
  const hydrate = (alias: Alias, metadata: EntityMetadata): Hydrate => {
    const setters = metadata.columns.flatMap((column) => {
      const name = DriverUtils.buildAlias(driver, undefined, alias.name, column.databaseName);
      return name in row ? [setterOf(name, column, driver)] : [];
    });
    const joined = expressionMap.joinAttributes.flatMap((join) =>
      join.parentAlias === alias.name && join.relation && join.metadata
        ? [{ relation: join.relation, hydrate: hydrate(join.alias, join.metadata) }]
        : [],
    );
    const Entity = metadata.target as new () => ObjectLiteral;
    return (found) => {
      const entity = new Entity();
      for (const set of setters) set(entity, found);
      for (const { relation, hydrate: hydrateJoined } of joined) relation.setEntityValue(entity, hydrateJoined(found));
      return entity;
    };
  };
  const { mainAlias, aliases } = expressionMap;
  const alias = of === undefined ? mainAlias : aliases.find(({ name }) => name === of);
  if (!alias) throw new Error("The query selects from no such entity");
  return hydrate(alias, alias.metadata);
}

type Setter = (entity: ObjectLiteral, row: Row) => void;

/** Sets the property of a column, or that of an object within the entity. */
function setterOf(name: string, column: ColumnMetadata, driver: Driver): Setter {
  const { propertyName, embeddedMetadata } = column;
  const valueOf = conversionOf(column, driver);
  if (!embeddedMetadata) {
    return (entity, row) => {
      entity[propertyName] = valueOf(row[name]);
    };
  }
  if (embeddedMetadata.embeddedMetadataTree.length > 1) {
    return (entity, row) => column.setEntityValue(entity, valueOf(row[name]));
  }
  const { propertyName: outerName, type } = embeddedMetadata;
  const Embedded = type as new () => ObjectLiteral;
  return (entity, row) => {
    const embedded = (entity[outerName] ??= new Embedded()) as ObjectLiteral;
    embedded[propertyName] = valueOf(row[name]);
  };
}

/** How the value of a column becomes that of its property: as TypeORM does it, which decides it anew for each value. */
function conversionOf(column: ColumnMetadata, driver: Driver): (value: unknown) => unknown {
  const { type, transformer } = column;
  const isSqlite = driver.options.type === "better-sqlite3";
  if (isSqlite && type === "datetime" && !transformer)
    return (value) => (isTimestamp(value) ? dateOf(value) : prepared(value));
  if (!isSqlite || !plainTypes.has(type)) return prepared;
  if (!transformer) return (value) => value;
  if (Array.isArray(transformer)) return prepared;
  return (value) => transformer.from(value) as unknown;

  function prepared(value: unknown): unknown {
    return driver.prepareHydratedValue(value, column) as unknown;
  }
}

/** The types of columns whose values are the same in SQLite as in an entity. */
const plainTypes: ReadonlySet<unknown> = new Set(["varchar", "char", "text", "int", "double", "bigint", "blob"]);

const timestampChars = "2026-01-01 00:00:00.000".length;

/** Whether a value is a point in time as it is stored. */
const isTimestamp = (value: unknown): value is string =>
  typeof value === "string" && value.length === timestampChars && value.charAt(10) === " ";

const dateOf = (timestamp: string): Date => new Date(`${timestamp.slice(0, 10)}T${timestamp.slice(11)}Z`);
