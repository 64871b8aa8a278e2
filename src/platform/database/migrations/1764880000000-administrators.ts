import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables } from "../schema-changes";
import { tableOptions } from "./1764000000000-initial";

/** Administrators by name: those with a key of their own, and those whom an OpenID Connect issuer names. */
export class Administrators1764880000000 implements MigrationInterface {
  readonly name = "Administrators1764880000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS administrator (${columns}) ${await tableOptions(queryRunner)}`);
    await addToTables(queryRunner, {}, indexes);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DROP TABLE administrator");
  }
}

const columns = `
  id CHAR(36) NOT NULL PRIMARY KEY,
  name VARCHAR(120) NOT NULL,
  activeName VARCHAR(120) NULL UNIQUE,
  role VARCHAR(16) NOT NULL,
  appIds TEXT NULL,
  status VARCHAR(16) NOT NULL,
  digest BINARY(32) NULL UNIQUE,
  hint VARCHAR(40) NULL,
  keyVersion INT NOT NULL,
  keyCreatedAt DATETIME(3) NULL,
  issuer VARCHAR(500) NULL,
  subject VARCHAR(255) NULL,
  subjectDigest BINARY(32) NULL UNIQUE,
  tokenIssuedAt DATETIME(3) NULL,
  createdAt DATETIME(3) NOT NULL,
  createdBy VARCHAR(120) NOT NULL,
  revokedAt DATETIME(3) NULL,
  revokedBy VARCHAR(120) NULL,
  revokedReason VARCHAR(500) NULL`;

const indexes = {
  administrator_status: ["administrator", "status, id"],
  administrator_role: ["administrator", "role, id"],
  administrator_status_role: ["administrator", "status, role, id"],
} as const;
