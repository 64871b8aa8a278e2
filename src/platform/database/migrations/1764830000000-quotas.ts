import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/**
 * The limits of apps, scopes and keys, what apps use, and the tokens that scopes and keys use. Apps from before have no
 * limit until one is set. Their messages and runs do not count. What a previous version adds and deletes while it still
 * runs is corrected by maintenance.
 */
export class Quotas1764830000000 implements MigrationInterface {
  readonly name = "Quotas1764830000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(addedColumns)) {
      for (const [column, type] of Object.entries(columns)) {
        if (await queryRunner.hasColumn(table, column)) continue;
        await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
      }
    }
    const options = await tableOptions(queryRunner);
    for (const [table, columns] of Object.entries(tables)) {
      await queryRunner.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns}) ${options}`);
    }
    await queryRunner.query(countUsage);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of Object.keys(tables).reverse()) await queryRunner.query(`DROP TABLE ${table}`);
    for (const [table, columns] of Object.entries(addedColumns)) {
      for (const column of Object.keys(columns)) await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    }
  }
}

const keyLimits = {
  maxRequestsPerSecond: "INT NULL",
  maxRequestBurst: "INT NULL",
  maxTokensPerDay: "INT NULL",
  maxRunningRuns: "INT NULL",
};

const addedColumns = {
  app: {
    maxSessions: "INT NULL",
    maxDocuments: "INT NULL",
    maxDocumentBytes: "BIGINT NULL",
    maxAgents: "INT NULL",
    maxMessageBytes: "BIGINT NULL",
    maxOpenStreams: "INT NULL",
    maxWaitingExecutions: "INT NULL",
    maxPendingCallbacks: "INT NULL",
    maxCallbackHosts: "INT NULL",
    maxRequestsPerSecond: "INT NULL",
    maxRequestBurst: "INT NULL",
  },
  scope: keyLimits,
  api_key: keyLimits,
  run: {
    eventBytes: "BIGINT NOT NULL DEFAULT 0",
    countedBytes: "BIGINT NOT NULL DEFAULT 0",
  },
};

const tables = {
  app_usage: `
    appId CHAR(36) NOT NULL PRIMARY KEY,
    sessions BIGINT NOT NULL DEFAULT 0,
    documents BIGINT NOT NULL DEFAULT 0,
    documentBytes BIGINT NOT NULL DEFAULT 0,
    agents BIGINT NOT NULL DEFAULT 0,
    messageBytes BIGINT NOT NULL DEFAULT 0,
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,

  holder_token_use: `
    holderId CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    day CHAR(10) NOT NULL,
    tokens BIGINT NOT NULL,
    UNIQUE (appId, holderId),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,
};

const countUsage = `
  INSERT INTO app_usage (appId, sessions, documents, documentBytes, agents)
  SELECT
    app.id,
    (SELECT COUNT(*) FROM session WHERE session.appId = app.id AND session.terminatedAt IS NULL),
    (SELECT COUNT(*) FROM document WHERE document.appId = app.id),
    (SELECT COALESCE(SUM(document.size), 0) FROM document WHERE document.appId = app.id),
    (SELECT COUNT(*) FROM agent WHERE agent.appId = app.id)
  FROM app
  WHERE NOT EXISTS (SELECT 1 FROM app_usage AS counted WHERE counted.appId = app.id)`;
