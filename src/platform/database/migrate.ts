import type { DataSource } from "typeorm";

const lockPrefix = "latchkey.migrations.";
const lockSeconds = 60;

/** Migrates the schema. If several processes call this concurrently, one migrates and the others wait for it. */
export async function migrate(dataSource: DataSource): Promise<void> {
  await (dataSource.options.type === "better-sqlite3" ? migrateSqlite(dataSource) : migrateMysql(dataSource));
}

/** SQLite can change a schema in a transaction, and an IMMEDIATE transaction excludes other processes. */
async function migrateSqlite(dataSource: DataSource): Promise<void> {
  await dataSource.query("BEGIN IMMEDIATE");
  try {
    await dataSource.runMigrations({ transaction: "none" });
    await dataSource.query("COMMIT");
  } catch (error) {
    await dataSource.query("ROLLBACK");
    throw error;
  }
}

/** MySQL commits each change of a schema, so a transaction can't exclude other processes; a named lock can. */
async function migrateMysql(dataSource: DataSource): Promise<void> {
  const lock = dataSource.createQueryRunner();
  try {
    const [row] = (await lock.query("SELECT GET_LOCK(CONCAT(?, MD5(DATABASE())), ?) AS held", [
      lockPrefix,
      lockSeconds,
    ])) as [{ held: unknown }];
    if (Number(row.held) !== 1) {
      throw new Error(`Another process has been migrating the database for more than ${lockSeconds} s.`);
    }
    await dataSource.runMigrations({ transaction: "none" });
  } finally {
    await lock.query("SELECT RELEASE_LOCK(CONCAT(?, MD5(DATABASE())))", [lockPrefix]);
    await lock.release();
  }
}
