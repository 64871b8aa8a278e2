import { type MigrationInterface, type QueryRunner, TableIndex } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** The instance that executes a run or reads a document, and its heartbeat. */
export class RunClaims1764300000000 implements MigrationInterface {
  readonly name = "RunClaims1764300000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS instance (${instance}) ${await tableOptions(queryRunner)}`);
    for (const { table, columns, indexes } of changes) {
      const before = await queryRunner.getTable(table);
      for (const [column, type] of Object.entries(columns)) {
        if (before?.columns.some(({ name }) => name === column)) continue;
        await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
      }
      for (const [name, columnNames] of Object.entries(indexes)) {
        if (before?.indices.some((index) => index.name === name)) continue;
        await queryRunner.createIndex(table, new TableIndex({ name, columnNames }));
      }
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const { table, columns, indexes } of changes) {
      for (const name of Object.keys(indexes)) await queryRunner.dropIndex(table, name);
      for (const column of Object.keys(columns)) await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    }
    await queryRunner.query("DROP TABLE instance");
  }
}

const instance = `
  id CHAR(36) NOT NULL PRIMARY KEY,
  beat INT NOT NULL,
  startedAt DATETIME(3) NOT NULL`;

/** Indexes for queued and running runs by app, for the app that was served last, and for documents in processing. */
const changes = [
  {
    table: "run",
    columns: { fence: "INT NOT NULL DEFAULT 0", workerId: "CHAR(36) NULL" },
    indexes: { run_status_app: ["status", "appId", "id"], run_app_started: ["appId", "startedAt"] },
  },
  {
    table: "document",
    columns: { readerId: "CHAR(36) NULL" },
    indexes: { document_status: ["status", "sessionId"] },
  },
  { table: "agent", columns: { onInterrupt: "VARCHAR(16) NOT NULL DEFAULT 'FAIL'" }, indexes: {} },
];
