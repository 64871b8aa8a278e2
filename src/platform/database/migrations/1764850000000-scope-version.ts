import type { MigrationInterface, QueryRunner } from "typeorm";

/** The version of a scope, by which an update can say what it is based on. */
export class ScopeVersion1764850000000 implements MigrationInterface {
  readonly name = "ScopeVersion1764850000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    // MySQL commits each change of a table, so this must be repeatable after a crash.
    if (await queryRunner.hasColumn("scope", "version")) return;
    await queryRunner.query("ALTER TABLE scope ADD COLUMN version INT NOT NULL DEFAULT 1");
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("ALTER TABLE scope DROP COLUMN version");
  }
}
