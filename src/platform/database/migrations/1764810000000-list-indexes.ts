import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * An index for each filter of a list, ending with the id, so that a page or a count looks at no more rows than it needs.
 * Whether a key is revoked is a column that the database generates, as an index can't serve `IS NOT NULL` in order.
 */
export class ListIndexes1764810000000 implements MigrationInterface {
  readonly name = "ListIndexes1764810000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    if (!(await exists(queryRunner, "SHOW COLUMNS FROM api_key WHERE Field = ?", "isRevoked"))) {
      await queryRunner.query(
        "ALTER TABLE api_key ADD COLUMN isRevoked INT GENERATED ALWAYS AS (CASE WHEN revokedAt IS NULL THEN 0 ELSE 1 END) VIRTUAL",
      );
    }
    for (const [name, [table, columns]] of Object.entries(indexes)) {
      if (await exists(queryRunner, `SHOW INDEX FROM ${table} WHERE Key_name = ?`, name)) continue;
      await queryRunner.query(`CREATE INDEX ${name} ON ${table} (${columns}, id)`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [name, [table]] of Object.entries(indexes)) {
      await queryRunner.query(`DROP INDEX ${name} ${isSqlite(queryRunner) ? "" : `ON ${table}`}`);
    }
    await queryRunner.query("ALTER TABLE api_key DROP COLUMN isRevoked");
  }
}

const isSqlite = ({ dataSource }: QueryRunner): boolean => dataSource.options.type === "better-sqlite3";

/** MySQL commits each change of a table, so a crash may leave some of them; SQLite runs a migration in one transaction. */
async function exists(queryRunner: QueryRunner, query: string, name: string): Promise<boolean> {
  return !isSqlite(queryRunner) && ((await queryRunner.query(query, [name])) as unknown[]).length > 0;
}

const indexes = {
  session_status: ["session", "appId, status"],
  session_user_status: ["session", "appId, userReference, status"],
  session_user_reference: ["session", "appId, userReference, reference"],
  scope_deleted: ["scope", "appId, deletedAt"],
  api_key_app_revoked: ["api_key", "appId, isRevoked"],
  api_key_scope_revoked: ["api_key", "scopeId, isRevoked"],
} as const;
