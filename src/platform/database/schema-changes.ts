import type { QueryRunner } from "typeorm";

/** Columns by table, each with its type. */
type Columns = Readonly<Record<string, Readonly<Record<string, string>>>>;
/** Indexes by name: the table, and the columns. */
type Indexes = Readonly<Record<string, readonly [table: string, columns: string]>>;

/** Adds columns and indexes to tables, and takes them away again. What a crash has left is not added or dropped twice. */
export async function addToTables(queryRunner: QueryRunner, columns: Columns, indexes: Indexes = {}): Promise<void> {
  for (const [table, added] of Object.entries(columns)) {
    for (const [column, type] of Object.entries(added)) {
      if (await exists(queryRunner, `SHOW COLUMNS FROM ${table} WHERE Field = ?`, column)) continue;
      await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
    }
  }
  for (const [name, [table, indexed]] of Object.entries(indexes)) {
    if (await exists(queryRunner, `SHOW INDEX FROM ${table} WHERE Key_name = ?`, name)) continue;
    await queryRunner.query(`CREATE INDEX ${name} ON ${table} (${indexed})`);
  }
}

export async function removeFromTables(
  queryRunner: QueryRunner,
  columns: Columns,
  indexes: Indexes = {},
): Promise<void> {
  for (const [name, [table]] of Object.entries(indexes)) {
    if (isSqlite(queryRunner)) await queryRunner.query(`DROP INDEX ${name}`);
    else if (await exists(queryRunner, `SHOW INDEX FROM ${table} WHERE Key_name = ?`, name))
      await queryRunner.query(`DROP INDEX ${name} ON ${table}`);
  }
  for (const [table, added] of Object.entries(columns)) {
    for (const column of Object.keys(added).reverse()) {
      await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    }
  }
}

const isSqlite = ({ dataSource }: QueryRunner): boolean => dataSource.options.type === "better-sqlite3";

/** MySQL commits each change of a table, so a crash may leave some of them; SQLite runs a migration in one transaction. */
async function exists(queryRunner: QueryRunner, query: string, name: string): Promise<boolean> {
  return !isSqlite(queryRunner) && ((await queryRunner.query(query, [name])) as unknown[]).length > 0;
}
