import type { EntityManager } from "typeorm";

/**
 * Inserts rows, and adds their counters to those of rows that are there already. One statement, so that several instances
 * can add to the same row.
 *
 * @param counters the columns that are added; each row has these behind its key
 */
export async function addToRows(
  manager: EntityManager,
  table: string,
  key: readonly string[],
  counters: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = [...key, ...counters];
  const placeholders = `(${columns.map(() => "?").join(", ")})`;
  const added = (column: string) => (isSqlite(manager) ? `excluded.${column}` : `VALUES(${column})`);
  const changes = counters.map((column) => `${column} = ${table}.${column} + ${added(column)}`).join(", ");
  const conflict = isSqlite(manager) ? `ON CONFLICT (${key.join(", ")}) DO UPDATE SET` : "ON DUPLICATE KEY UPDATE";
  await manager.query(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES ${rows.map(() => placeholders).join(", ")} ${conflict} ${changes}`,
    rows.flat(),
  );
}

/** Deletes rows that fulfil a condition, so many at most. */
export async function deleteSome(
  manager: EntityManager,
  table: string,
  condition: string,
  parameters: readonly (string | number)[],
  maxRows: number,
): Promise<void> {
  const some = isSqlite(manager)
    ? `rowid IN (SELECT rowid FROM ${table} WHERE ${condition} LIMIT ${maxRows})`
    : `${condition} LIMIT ${maxRows}`;
  await manager.query(`DELETE FROM ${table} WHERE ${some}`, [...parameters]);
}

const isSqlite = ({ dataSource }: EntityManager): boolean => dataSource.options.type === "better-sqlite3";
