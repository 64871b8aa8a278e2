import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** Connections to providers of language models, and the model settings of agents. */
export class ModelConnections1764100000000 implements MigrationInterface {
  readonly name = "ModelConnections1764100000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE TABLE IF NOT EXISTS model_connection (${columns}) ${await tableOptions(queryRunner)}`,
    );
    for (const [column, type] of Object.entries(agentColumns)) {
      if (await queryRunner.hasColumn("agent", column)) continue;
      await queryRunner.query(`ALTER TABLE agent ADD COLUMN ${column} ${type}`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const column of Object.keys(agentColumns)) await queryRunner.query(`ALTER TABLE agent DROP COLUMN ${column}`);
    await queryRunner.query("DROP TABLE model_connection");
  }
}

const columns = `
  id CHAR(36) NOT NULL PRIMARY KEY,
  appId CHAR(36) NOT NULL,
  name VARCHAR(64) NOT NULL,
  provider VARCHAR(32) NOT NULL,
  baseUrl TEXT NOT NULL,
  apiKey TEXT NULL,
  createdAt DATETIME(3) NOT NULL,
  updatedAt DATETIME(3) NOT NULL,
  UNIQUE (appId, name),
  UNIQUE (appId, id),
  FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`;

const agentColumns = {
  temperature: "DOUBLE NULL",
  maxOutputTokens: "INT NULL",
  timeoutSeconds: "INT NOT NULL DEFAULT 120",
};
