import type { DataSource } from "typeorm";

const lockPrefix = "latchkey.migrations.";
const lockSeconds = 60;

/** Brings the schema up to date. Of several processes that do it at once one does, and the others wait for it. */
export async function migrate(dataSource: DataSource): Promise<void> {
  await (dataSource.options.type === "better-sqlite3" ? migrateSqlite(dataSource) : migrateMysql(dataSource));
}

/** SQLite changes a schema within a transaction, and one that is begun IMMEDIATE keeps other processes out. */
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

/** MySQL commits at every change of a schema, so that a lock beside the tables is needed. */
async function migrateMysql(dataSource: DataSource): Promise<void> {
  const lock = dataSource.createQueryRunner();
  try {
    const [answer] = (await lock.query("SELECT GET_LOCK(CONCAT(?, MD5(DATABASE())), ?) AS held", [
      lockPrefix,
      lockSeconds,
    ])) as [{ held: unknown }];
    if (Number(answer.held) !== 1) {
      throw new Error(`Another process has been migrating the database for more than ${lockSeconds} s`);
    }
    await dataSource.runMigrations({ transaction: "none" });
  } finally {
    await lock.query("SELECT RELEASE_LOCK(CONCAT(?, MD5(DATABASE())))", [lockPrefix]);
    await lock.release();
  }
}
