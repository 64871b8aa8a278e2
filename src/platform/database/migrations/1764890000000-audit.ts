import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** The audit log. It refers to no app, as the entries about an app outlive it. */
export class Audit1764890000000 implements MigrationInterface {
  readonly name = "Audit1764890000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    const options = await tableOptions(queryRunner);
    for (const [table, columns] of Object.entries(tables))
      await queryRunner.query(`CREATE TABLE IF NOT EXISTS ${table} (${columns}) ${options}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of Object.keys(tables)) await queryRunner.query(`DROP TABLE ${table}`);
  }
}

/** Each index is unique by the id that it ends with, as only unique indexes can be declared with a table on SQLite. */
const tables = {
  audit_entry: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    chainId VARCHAR(36) NOT NULL,
    sequence INT NOT NULL,
    at DATETIME(3) NOT NULL,
    actorKind VARCHAR(16) NOT NULL,
    actorId VARCHAR(36) NULL,
    actorName VARCHAR(120) NOT NULL,
    action VARCHAR(40) NOT NULL,
    targetType VARCHAR(24) NOT NULL,
    targetId VARCHAR(36) NOT NULL,
    targetName VARCHAR(120) NOT NULL,
    fieldsBefore TEXT NULL,
    fieldsAfter TEXT NULL,
    occurrences INT NOT NULL,
    address VARCHAR(45) NULL,
    requestId VARCHAR(128) NULL,
    previousHash VARCHAR(64) NOT NULL,
    hash VARCHAR(64) NOT NULL,
    keyId VARCHAR(16) NOT NULL,
    signature VARCHAR(88) NOT NULL,
    UNIQUE (chainId, sequence),
    UNIQUE (chainId, id),
    UNIQUE (chainId, action, id),
    UNIQUE (chainId, actorId, id),
    UNIQUE (chainId, targetId, id)`,

  audit_head: `
    chainId VARCHAR(36) NOT NULL PRIMARY KEY,
    sequence INT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    keyId VARCHAR(16) NOT NULL,
    signature VARCHAR(88) NOT NULL,
    baseSequence INT NOT NULL,
    baseHash VARCHAR(64) NOT NULL,
    baseKeyId VARCHAR(16) NOT NULL,
    baseSignature VARCHAR(88) NOT NULL,
    movedAt DATETIME(3) NULL,
    UNIQUE (movedAt, chainId)`,

  audit_signed_head: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    chainId VARCHAR(36) NOT NULL,
    sequence INT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    at DATETIME(3) NOT NULL,
    keyId VARCHAR(16) NOT NULL,
    signature VARCHAR(88) NOT NULL,
    UNIQUE (chainId, sequence)`,
} as const;
