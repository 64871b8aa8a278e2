import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** The sessions of the console. */
export class ConsoleSessions1764895000000 implements MigrationInterface {
  readonly name = "ConsoleSessions1764895000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    const options = await tableOptions(queryRunner);
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS console_session (${columns}) ${options}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DROP TABLE console_session");
  }
}

const columns = `
  id CHAR(36) NOT NULL PRIMARY KEY,
  digest BINARY(32) NOT NULL UNIQUE,
  administratorId CHAR(36) NULL,
  keyVersion INT NULL,
  rootProof VARCHAR(64) NULL,
  name VARCHAR(255) NOT NULL,
  address VARCHAR(45) NOT NULL,
  userAgent VARCHAR(255) NOT NULL,
  createdAt DATETIME(3) NOT NULL,
  lastSeenAt DATETIME(3) NOT NULL,
  expiresAt DATETIME(3) NOT NULL,
  endedAt DATETIME(3) NULL,
  UNIQUE (administratorId, id),
  UNIQUE (expiresAt, id)`;
