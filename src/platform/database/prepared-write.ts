import type { DataSource, EntityManager, EntityTarget, ObjectLiteral } from "typeorm";
import type { ColumnMetadata } from "typeorm/metadata/ColumnMetadata";

/** @returns the number of rows that an UPDATE or a DELETE of a transaction has found */
export async function changeRows(
  { queryRunner }: EntityManager,
  statement: string,
  values: readonly unknown[],
): Promise<number> {
  if (!queryRunner) throw new Error("Changes belong to a transaction.");
  const result = await queryRunner.query(statement, [...values], true);
  return result.affected ?? 0;
}

/** The columns of an entity, as its statements name them. */
class Columns {
  private constructor(
    private readonly dataSource: DataSource,
    readonly table: string,
    private readonly byProperty: ReadonlyMap<string, ColumnMetadata>,
  ) {}

  static of(dataSource: DataSource, entity: EntityTarget<ObjectLiteral>): Columns {
    const metadata = dataSource.getMetadata(entity);
    const columns = new Map(metadata.columns.map((column) => [column.propertyPath, column]));
    return new Columns(dataSource, dataSource.driver.escape(metadata.tableName), columns);
  }

  /** Those that an INSERT gives. */
  get inserted(): string[] {
    return [...this.byProperty].flatMap(([property, { isInsert }]) => (isInsert ? [property] : []));
  }

  name(property: string): string {
    return this.dataSource.driver.escape(this.column(property).databaseName);
  }

  /** The values as the database stores them. */
  values(properties: readonly string[], row: ObjectLiteral): unknown[] {
    return properties.map((property) => {
      const column = this.column(property);
      const value: unknown = this.dataSource.driver.preparePersistentValue(column.getEntityValue(row), column);
      return value === undefined ? null : value;
    });
  }

  private column(property: string): ColumnMetadata {
    const column = this.byProperty.get(property);
    if (!column) throw new Error(`There is no column ${property}`);
    return column;
  }
}

/** Keeps what is made once for each data source. */
class PerDataSource<Plan> {
  private readonly plans = new WeakMap<DataSource, Plan>();

  constructor(private readonly make: (dataSource: DataSource) => Plan) {}

  of({ dataSource }: EntityManager): Plan {
    const plan = this.plans.get(dataSource) ?? this.make(dataSource);
    this.plans.set(dataSource, plan);
    return plan;
  }
}

/**
 * Inserts rows that have a value for each column. The parts of the statement are made once, and its text has no values, so
 * that the database keeps it prepared: TypeORM builds it again for each row, and writes numbers into the text. What an
 * entity computes of its columns is left out.
 */
export class PreparedInsert<Entity extends ObjectLiteral, Computed extends keyof Entity = never> {
  private readonly plans = new PerDataSource((dataSource) => {
    const columns = Columns.of(dataSource, this.entity);
    const { inserted } = columns;
    const names = inserted.map((property) => columns.name(property)).join(", ");
    const head = `INSERT INTO ${columns.table} (${names}) VALUES `;
    return { columns, inserted, head, places: `(${inserted.map(() => "?").join(", ")})` };
  });

  constructor(private readonly entity: EntityTarget<Entity>) {}

  async run(manager: EntityManager, ...rows: readonly Omit<Entity, Computed>[]): Promise<void> {
    const { columns, inserted, head, places } = this.plans.of(manager);
    await changeRows(
      manager,
      head + rows.map(() => places).join(", "),
      rows.flatMap((row) => columns.values(inserted, row)),
    );
  }
}

/** The columns that an update changes, and those of its condition. */
interface UpdateShape<Set extends string, Add extends string, Where extends string> {
  readonly set: readonly Set[];
  /** Numbers that are added to those of the row. */
  readonly add: readonly Add[];
  /** Columns that must have a value. */
  readonly where: readonly Where[];
}

/** Updates the rows whose columns have the given values. Its statement is built once. */
export class PreparedUpdate<
  Entity extends ObjectLiteral,
  Set extends keyof Entity & string,
  Add extends keyof Entity & string,
  Where extends keyof Entity & string,
> {
  private readonly plans = new PerDataSource((dataSource) => {
    const columns = Columns.of(dataSource, this.entity);
    const { set, add, where } = this.shape;
    const changes = [
      ...set.map((property) => `${columns.name(property)} = ?`),
      ...add.map((property) => `${columns.name(property)} = ${columns.name(property)} + ?`),
    ];
    const conditions = where.map((property) => `${columns.name(property)} = ?`);
    const statement = `UPDATE ${columns.table} SET ${changes.join(", ")} WHERE ${conditions.join(" AND ")}`;
    return { columns, statement };
  });

  constructor(
    private readonly entity: EntityTarget<Entity>,
    private readonly shape: UpdateShape<Set, Add, Where>,
  ) {}

  /** @returns the number of rows that it has found */
  run(
    manager: EntityManager,
    values: {
      readonly set: { readonly [Name in Set]: Entity[Name] };
      readonly add: { readonly [Name in Add]: number };
      readonly where: { readonly [Name in Where]: Entity[Name] };
    },
  ): Promise<number> {
    const { columns, statement } = this.plans.of(manager);
    const { set, add, where } = this.shape;
    return changeRows(manager, statement, [
      ...columns.values(set, values.set),
      ...add.map((property) => values.add[property]),
      ...columns.values(where, values.where),
    ]);
  }
}
