import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/**
 * Callbacks: the secrets that sign them, and their deliveries. Retention: the columns that find expired sessions, and the
 * mark of sessions whose contents were deleted.
 */
export class Callbacks1764600000000 implements MigrationInterface {
  readonly name = "Callbacks1764600000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    const options = await tableOptions(queryRunner);
    for (const [table, columns] of Object.entries(tables)) {
      await queryRunner.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns}) ${options}`);
    }
    if (!(await queryRunner.hasColumn("session", "clearedAt"))) {
      await queryRunner.query("ALTER TABLE session ADD COLUMN clearedAt DATETIME(3) NULL");
    }
    for (const [index, columns] of Object.entries(sessionIndices)) {
      if (await hasSessionIndex(queryRunner, index)) continue;
      await queryRunner.query(`CREATE UNIQUE INDEX ${index} ON session (${columns})`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const where = isSqlite(queryRunner) ? "" : "ON session";
    for (const index of Object.keys(sessionIndices)) await queryRunner.query(`DROP INDEX ${index} ${where}`);
    await queryRunner.query("ALTER TABLE session DROP COLUMN clearedAt");
    for (const table of Object.keys(tables)) await queryRunner.query(`DROP TABLE ${table}`);
  }
}

const isSqlite = ({ dataSource }: QueryRunner): boolean => dataSource.options.type === "better-sqlite3";

/** Only MySQL needs this: SQLite runs a migration in one transaction, so a crash leaves nothing behind. */
async function hasSessionIndex(queryRunner: QueryRunner, index: string): Promise<boolean> {
  if (isSqlite(queryRunner)) return false;
  const found = (await queryRunner.query("SHOW INDEX FROM session WHERE Key_name = ?", [index])) as unknown[];
  return found.length > 0;
}

/** Without the status: with it, the query planner would use these indexes to find the sessions of an app. */
const sessionIndices = {
  session_activity: "terminatedAt, lastActivityAt, id",
  session_clearing: "clearedAt, terminatedAt, id",
};

const tables = {
  callback_secret: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    secret TEXT NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    replacedAt DATETIME(3) NULL,
    UNIQUE (appId, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,

  callback_delivery: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    runId CHAR(36) NOT NULL UNIQUE,
    url TEXT NOT NULL,
    host VARCHAR(255) NOT NULL,
    status VARCHAR(16) NOT NULL,
    attempts LONGTEXT NOT NULL,
    failures INT NOT NULL,
    version INT NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    begunAt DATETIME(3) NULL,
    dueAt DATETIME(3) NULL,
    claimedAt DATETIME(3) NULL,
    UNIQUE (appId, id),
    UNIQUE (status, appId, host, dueAt, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE,
    FOREIGN KEY (runId) REFERENCES run (id) ON DELETE CASCADE`,
};
