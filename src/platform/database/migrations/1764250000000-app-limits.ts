import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** The limits and the usage of an app, and the mark of an app that is being deleted. */
export class AppLimits1764250000000 implements MigrationInterface {
  readonly name = "AppLimits1764250000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [column, type] of Object.entries(appColumns)) {
      if (await queryRunner.hasColumn("app", column)) continue;
      await queryRunner.query(`ALTER TABLE app ADD COLUMN ${column} ${type}`);
    }
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS token_use (${columns}) ${await tableOptions(queryRunner)}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DROP TABLE token_use");
    for (const column of Object.keys(appColumns)) await queryRunner.query(`ALTER TABLE app DROP COLUMN ${column}`);
  }
}

const appColumns = {
  maxRunningRuns: "INT NULL",
  maxQueuedRuns: "INT NULL",
  maxTokensPerDay: "INT NULL",
  deletedAt: "DATETIME(3) NULL",
};

const columns = `
  appId CHAR(36) NOT NULL PRIMARY KEY,
  day CHAR(10) NOT NULL,
  tokens BIGINT NOT NULL,
  FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`;
