import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";
import { tableOptions } from "./1764000000000-initial";

/**
 * Adds the records of keys, and an index for each way to find it. The database generates what keys are
 * sorted by, so that those that a previous version adds during an upgrade have it too.
 */
export class KeyRecords1764871000000 implements MigrationInterface {
  readonly name = "KeyRecords1764871000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await addToTables(queryRunner, addedColumns, indexes);
    await queryRunner.query(
      `CREATE TABLE IF NOT EXISTS api_key_tag (${tagColumns}) ${await tableOptions(queryRunner)}`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DROP TABLE api_key_tag");
    await removeFromTables(queryRunner, addedColumns, indexes);
  }
}

const addedColumns = {
  scope: { tags: "TEXT NULL" },
  api_key: {
    description: "VARCHAR(2000) NOT NULL DEFAULT ''",
    owner: "VARCHAR(120) NULL",
    environment: "VARCHAR(64) NULL",
    tags: "TEXT NULL",
    createdBy: "VARCHAR(120) NULL",
    lastUsedFrom: "VARCHAR(45) NULL",
    revokedReason: "VARCHAR(500) NULL",
    lastActiveAt: "DATETIME(3) GENERATED ALWAYS AS (COALESCE(lastUsedAt, createdAt)) VIRTUAL",
  },
};

/** The first one has all that a search compares, so that it reads no rows but those that it finds. */
const indexes = {
  api_key_app_search: ["api_key", "appId, id, name, owner, environment, hint"],
  api_key_app_name: ["api_key", "appId, name, id"],
  api_key_app_owner: ["api_key", "appId, owner, id"],
  api_key_app_environment: ["api_key", "appId, environment, id"],
  api_key_app_used: ["api_key", "appId, lastUsedAt, id"],
  api_key_app_active: ["api_key", "appId, lastActiveAt, id"],
} as const;

const tagColumns = `
  appId CHAR(36) NOT NULL,
  tag VARCHAR(64) NOT NULL,
  apiKeyId CHAR(36) NOT NULL,
  PRIMARY KEY (appId, tag, apiKeyId),
  UNIQUE (apiKeyId, tag),
  FOREIGN KEY (apiKeyId) REFERENCES api_key (id) ON DELETE CASCADE`;
