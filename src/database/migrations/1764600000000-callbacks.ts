import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** Callbacks: the secrets that they are signed with, and what is to be delivered. */
export class Callbacks1764600000000 implements MigrationInterface {
  readonly name = "Callbacks1764600000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    const options = await tableOptions(queryRunner);
    for (const [table, columns] of Object.entries(tables)) {
      await queryRunner.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns}) ${options}`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of Object.keys(tables)) await queryRunner.query(`DROP TABLE ${table}`);
  }
}

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
