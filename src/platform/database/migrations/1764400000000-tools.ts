import type { MigrationInterface, QueryRunner } from "typeorm";

/** The tools of agents, and the tool call of a run event. */
export class Tools1764400000000 implements MigrationInterface {
  readonly name = "Tools1764400000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [table, column] of columns) {
      // MySQL commits each change of a table, so this must be repeatable after a crash.
      if (await queryRunner.hasColumn(table, column)) continue;
      await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} LONGTEXT NULL`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [table, column] of columns) await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
  }
}

const columns = [
  ["agent", "tools"],
  ["run_event", "tool"],
] as const;
