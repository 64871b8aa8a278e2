import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** The tool servers of apps. */
export class ToolServers1764840000001 implements MigrationInterface {
  readonly name = "ToolServers1764840000001";

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS tool_server (${columns}) ${await tableOptions(queryRunner)}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DROP TABLE tool_server");
  }
}

const columns = `
  id CHAR(36) NOT NULL PRIMARY KEY,
  appId CHAR(36) NOT NULL,
  name VARCHAR(64) NOT NULL,
  url TEXT NOT NULL,
  headerNames TEXT NOT NULL,
  headers TEXT NULL,
  createdAt DATETIME(3) NOT NULL,
  updatedAt DATETIME(3) NOT NULL,
  UNIQUE (appId, name),
  UNIQUE (appId, id),
  FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`;
