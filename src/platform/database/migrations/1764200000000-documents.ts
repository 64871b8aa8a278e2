import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Counts how often it was begun to read a document. What was read before has no index yet, and so is read again when the
 * server starts.
 */
export class Documents1764200000000 implements MigrationInterface {
  readonly name = "Documents1764200000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    // MySQL commits each change of a table at once, so that this may be run again after a crash.
    if (!(await queryRunner.hasColumn("document", "readings"))) {
      await queryRunner.query("ALTER TABLE document ADD COLUMN readings INT NOT NULL DEFAULT 0");
    }
    await queryRunner.query("UPDATE document SET status = 'PROCESSING' WHERE status = 'READY'");
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query("ALTER TABLE document DROP COLUMN readings");
  }
}
