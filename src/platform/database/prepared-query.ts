import type { DataSource, EntityManager, ObjectLiteral, SelectQueryBuilder } from "typeorm";
import { type Hydrate, hydrationOf, type Row } from "./hydration";

interface Plan {
  readonly statement: string;
  /** The names of the parameters, in the order of their places in the statement. */
  readonly names: readonly string[];
  readonly hydrationOf: (row: Row, alias?: string) => Hydrate;
  /** By alias; made when the first row shows which columns are selected. */
  readonly hydrate: Map<string | undefined, Hydrate>;
}

type Values = Readonly<Record<string, unknown>>;

/** Queries by name are kept up to this number, as callers choose the sizes of pages. */
const maxPlans = 300;

const plansByName = new WeakMap<DataSource, Map<string, Plan>>();

/**
 * Executes a query whose statement is built once for a name, and whose rows become entities by a plan that is made once.
 *
 * @param name differs for statements that differ; it is not made of texts that callers choose
 * @param build builds the query with `:name` as the value of each parameter
 */
export async function preparedRows<Entity extends ObjectLiteral>(
  manager: EntityManager,
  name: string,
  values: Values,
  build: () => SelectQueryBuilder<Entity>,
): Promise<Entity[]> {
  const { dataSource } = manager;
  const plans = plansByName.get(dataSource) ?? new Map<string, Plan>();
  let plan = plans.get(name);
  if (!plan) {
    plan = planOf(build());
    for (const oldest of plans.keys()) if (plans.size >= maxPlans) plans.delete(oldest);
    plans.set(name, plan);
    plansByName.set(dataSource, plans);
  }
  return rowsOf<Entity>(manager, plan, values);
}

/**
 * A query that finds one entity at most. Its statement is built once, and its rows become entities by a plan that is made
 * once: TypeORM does both anew for each query, which takes longer than SQLite takes to find a row.
 */
export class PreparedQuery<Entity extends ObjectLiteral, Name extends string> {
  private readonly plans = new WeakMap<DataSource, Plan>();

  /** @param build builds the query with placeholders, which are strings, for the values of its parameters */
  constructor(
    private readonly names: readonly Name[],
    private readonly build: (
      manager: EntityManager,
      placeholders: Readonly<Record<Name, string>>,
    ) => SelectQueryBuilder<Entity>,
  ) {}

  async one(manager: EntityManager, values: Readonly<Record<Name, string | Buffer>>): Promise<Entity | null> {
    const [entity = null] = await rowsOf<Entity>(manager, this.planFor(manager), values);
    return entity;
  }

  /** The row with the entities that are joined by these aliases. The columns of one that is not there are null. */
  async joined(
    manager: EntityManager,
    values: Readonly<Record<Name, string | Buffer>>,
    aliases: readonly string[],
  ): Promise<{ readonly row: Row; readonly entities: Readonly<Record<string, ObjectLiteral>> } | null> {
    const plan = this.planFor(manager);
    const [row] = await sent(manager, plan, values);
    if (!row) return null;
    return { row, entities: Object.fromEntries(aliases.map((alias) => [alias, hydrateFor(plan, row, alias)(row)])) };
  }

  private planFor(manager: EntityManager): Plan {
    const { dataSource } = manager;
    let plan = this.plans.get(dataSource);
    if (!plan) {
      const placeholders = Object.fromEntries(this.names.map((name) => [name, `:${name}`])) as Record<Name, string>;
      this.plans.set(dataSource, (plan = planOf(this.build(manager, placeholders))));
    }
    return plan;
  }
}

function planOf(query: SelectQueryBuilder<ObjectLiteral>): Plan {
  const [statement, parameters] = query.getQueryAndParameters();
  const names = parameters.map((placeholder: string) => placeholder.slice(1));
  const { expressionMap, dataSource } = query;
  return {
    statement,
    names,
    hydrationOf: (row, alias) => hydrationOf({ expressionMap, dataSource }, row, alias),
    hydrate: new Map(),
  };
}

async function rowsOf<Entity>(manager: EntityManager, plan: Plan, values: Values): Promise<Entity[]> {
  const rows = await sent(manager, plan, values);
  const [first] = rows;
  if (!first) return [];
  const hydrate = hydrateFor(plan, first);
  return rows.map((row) => hydrate(row) as Entity);
}

async function sent(manager: EntityManager, { statement, names }: Plan, values: Values): Promise<Row[]> {
  const parameters = names.map((name) => values[name]);
  return (await (manager.queryRunner ?? manager).query(statement, parameters)) as Row[];
}

function hydrateFor(plan: Plan, row: Row, alias?: string): Hydrate {
  const hydrate = plan.hydrate.get(alias) ?? plan.hydrationOf(row, alias);
  plan.hydrate.set(alias, hydrate);
  return hydrate;
}
