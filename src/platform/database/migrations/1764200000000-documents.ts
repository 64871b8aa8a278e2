import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Counts the attempts to read a document. Documents from before this migration have no index, so the next start reads
 * them again.
 */
export class Documents1764200000000 implements MigrationInterface {
  readonly name = "Documents1764200000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    // MySQL commits each change of a table, so this must be repeatable after a crash.
    if (!(await queryRunner.hasColumn("document", "readings"))) {
      await queryRunner.query("ALTER TABLE document ADD COLUMN readings INT NOT NULL DEFAULT 0");
    }
    await queryRunner.query("UPDATE document SET status = 'PROCESSING' WHERE status = 'READY'");
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("ALTER TABLE document DROP COLUMN readings");
  }
}
