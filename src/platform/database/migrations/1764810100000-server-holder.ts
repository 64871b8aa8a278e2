import type { MigrationInterface, QueryRunner } from "typeorm";
import { tableOptions } from "./1764000000000-initial";

/** The single server that works on the database. */
export class ServerHolder1764810100000 implements MigrationInterface {
  readonly name = "ServerHolder1764810100000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE IF NOT EXISTS server_holder (${columns}) ${await tableOptions(queryRunner)}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("DROP TABLE server_holder");
  }
}

const columns = `
  id CHAR(36) NOT NULL PRIMARY KEY,
  pid INT NOT NULL,
  host VARCHAR(255) NOT NULL,
  startedAt DATETIME(3) NOT NULL`;
