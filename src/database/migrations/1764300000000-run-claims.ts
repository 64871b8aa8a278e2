import { type MigrationInterface, type QueryRunner, TableIndex } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** Which process carries out a run or reads a document, and whether it lives. */
export class RunClaims1764300000000 implements MigrationInterface {
  readonly name = "RunClaims1764300000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS instance (${instance}) ${await tableOptions(queryRunner)}`);
    for (const [table, column, type] of columns) {
      if (await queryRunner.hasColumn(table, column)) continue;
      await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
    }
    for (const [table, index] of indexes) {
      const made = (await queryRunner.getTable(table))?.indices ?? [];
      if (!made.some(({ name }) => name === index.name)) await queryRunner.createIndex(table, index);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [table, index] of indexes) await queryRunner.dropIndex(table, index);
    for (const [table, column] of columns) await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    await queryRunner.query("DROP TABLE instance");
  }
}

const instance = `
  id CHAR(36) NOT NULL PRIMARY KEY,
  beat INT NOT NULL,
  startedAt DATETIME(3) NOT NULL`;

const columns = [
  ["run", "fence", "INT NOT NULL DEFAULT 0"],
  ["run", "workerId", "CHAR(36) NULL"],
  ["document", "readerId", "CHAR(36) NULL"],
  ["agent", "onInterrupt", "VARCHAR(16) NOT NULL DEFAULT 'FAIL'"],
] as const;

/** To find what waits and what runs app by app, which app was served last, and what is being read. */
const indexes = [
  ["run", new TableIndex({ name: "run_status_app", columnNames: ["status", "appId", "id"] })],
  ["run", new TableIndex({ name: "run_app_started", columnNames: ["appId", "startedAt"] })],
  ["document", new TableIndex({ name: "document_status", columnNames: ["status", "sessionId"] })],
] as const;
