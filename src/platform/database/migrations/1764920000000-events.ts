import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";
import { tableOptions } from "./1764000000000-initial";

/** Events of scopes, keys and limits: where an app wants them, their deliveries, and the limits that were told. */
export class Events1764920000000 implements MigrationInterface {
  readonly name = "Events1764920000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await addToTables(queryRunner, columns);
    const options = await tableOptions(queryRunner);
    for (const [table, definition] of Object.entries(tables))
      await queryRunner.query(`CREATE TABLE IF NOT EXISTS ${table} (${definition}) ${options}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of Object.keys(tables)) await queryRunner.query(`DROP TABLE ${table}`);
    await removeFromTables(queryRunner, columns);
  }
}

const columns = { app: { eventUrl: "TEXT NULL", eventHost: "VARCHAR(255) NULL" } };

const tables = {
  event_delivery: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    type VARCHAR(40) NOT NULL,
    body TEXT NOT NULL,
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
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,

  limit_warning: `
    appId CHAR(36) NOT NULL,
    name VARCHAR(40) NOT NULL,
    PRIMARY KEY (appId, name),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,
};
