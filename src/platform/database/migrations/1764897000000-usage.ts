import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables } from "../schema-changes";
import { tableOptions } from "./1764000000000-initial";

/** Counters of requests and runs by the hour, and the operations that they are counted for. */
export class Usage1764897000000 implements MigrationInterface {
  readonly name = "Usage1764897000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    const options = await tableOptions(queryRunner);
    for (const [table, columns] of Object.entries(tables)) {
      await queryRunner.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns}) ${options}`);
    }
    await addToTables(queryRunner, {}, indexes);
    const started = (await queryRunner.query("SELECT hour FROM usage_start")) as unknown[];
    if (started.length > 0) return;
    await queryRunner.query("INSERT INTO usage_start (hour) VALUES (?)", [Math.floor(Date.now() / 3_600_000)]);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of Object.keys(tables)) await queryRunner.query(`DROP TABLE ${table}`);
  }
}

/** Durations by powers of two, in milliseconds: up to 1, 2, 4 and so on, and above 16,384. */
const durations = Array.from({ length: 16 }, (_, i) => `duration${i} INT NOT NULL`);

const tables = {
  // The first hour in which requests were counted, since 1970.
  usage_start: "hour INT NOT NULL PRIMARY KEY",
  usage_requests: `
    appId CHAR(36) NOT NULL,
    hour INT NOT NULL,
    keyId CHAR(36) NOT NULL,
    operation CHAR(32) NOT NULL,
    verdict VARCHAR(16) NOT NULL,
    requests INT NOT NULL,
    errors INT NOT NULL,
    ${durations.join(", ")},
    PRIMARY KEY (appId, hour, keyId, operation, verdict)`,
  usage_runs: `
    appId CHAR(36) NOT NULL,
    hour INT NOT NULL,
    keyId CHAR(36) NOT NULL,
    agentId CHAR(36) NOT NULL,
    runs INT NOT NULL,
    failedRuns INT NOT NULL,
    inputTokens BIGINT NOT NULL,
    outputTokens BIGINT NOT NULL,
    PRIMARY KEY (appId, hour, keyId, agentId)`,
  usage_operation: `
    appId CHAR(36) NOT NULL,
    hash CHAR(32) NOT NULL,
    kind VARCHAR(12) NOT NULL,
    name VARCHAR(64) NULL,
    requirements TEXT NOT NULL,
    lastUsedHour INT NOT NULL,
    PRIMARY KEY (appId, hash)`,
} as const;

const indexes = {
  usage_requests_key: ["usage_requests", "keyId, hour"],
  usage_requests_hour: ["usage_requests", "hour"],
  usage_runs_key: ["usage_runs", "keyId, hour"],
  usage_runs_hour: ["usage_runs", "hour"],
  usage_operation_hour: ["usage_operation", "lastUsedHour"],
} as const;
