import type { MigrationInterface, QueryRunner } from "typeorm";

/** The scope whose key opened a session, for scopes whose keys reach no other sessions. */
export class SessionScopes1764840000000 implements MigrationInterface {
  readonly name = "SessionScopes1764840000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const { table, columns, indexes } of changes) {
      for (const [column, type] of Object.entries(columns)) {
        // MySQL commits each change of a table, so this must be repeatable after a crash.
        if (await queryRunner.hasColumn(table, column)) continue;
        await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
      }
      for (const [name, columnNames] of Object.entries(indexes)) {
        if (await hasIndex(queryRunner, table, name)) continue;
        await queryRunner.query(`CREATE UNIQUE INDEX ${name} ON ${table} (${columnNames})`);
      }
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const { table, columns, indexes } of changes) {
      const where = isSqlite(queryRunner) ? "" : `ON ${table}`;
      for (const name of Object.keys(indexes)) await queryRunner.query(`DROP INDEX ${name} ${where}`);
      for (const column of Object.keys(columns).reverse()) {
        await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
      }
    }
  }
}

const isSqlite = ({ dataSource }: QueryRunner): boolean => dataSource.options.type === "better-sqlite3";

/** Only MySQL needs this: SQLite runs a migration in one transaction, so a crash leaves nothing behind. */
async function hasIndex(queryRunner: QueryRunner, table: string, name: string): Promise<boolean> {
  if (isSqlite(queryRunner)) return false;
  const found = (await queryRunner.query(`SHOW INDEX FROM ${table} WHERE Key_name = ?`, [name])) as unknown[];
  return found.length > 0;
}

const sessionScopeId = "CHAR(36) NULL";

const changes = [
  { table: "scope", columns: { permissionsSessions: "VARCHAR(16) NOT NULL DEFAULT 'APP'" }, indexes: {} },
  {
    table: "session",
    columns: {
      sessionScopeId,
      scopedReference: "VARCHAR(255) NULL",
      // SQLite adds no stored columns to a table.
      activeScopedReference:
        "VARCHAR(255) GENERATED ALWAYS AS (CASE WHEN terminatedAt IS NULL THEN scopedReference END) VIRTUAL",
    },
    indexes: {
      session_scope: "sessionScopeId, id",
      session_scope_reference: "sessionScopeId, activeScopedReference",
      session_scoped_reference: "appId, scopedReference, id",
    },
  },
  { table: "run", columns: { sessionScopeId }, indexes: {} },
  { table: "document", columns: { sessionScopeId }, indexes: {} },
  { table: "callback_delivery", columns: { sessionScopeId }, indexes: {} },
];
