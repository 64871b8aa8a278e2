import { type MigrationInterface, type QueryRunner, TableIndex } from "typeorm";

/** Adds the key that started a run, the key of a callback, and the fate of a revoked key's runs. */
export class RunKeys1764820000000 implements MigrationInterface {
  readonly name = "RunKeys1764820000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const { table, columns, index } of changes) {
      for (const [column, type] of Object.entries(columns)) {
        // MySQL commits each change of a table, so this must be repeatable after a crash.
        if (await queryRunner.hasColumn(table, column)) continue;
        await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
      }
      if (!index) continue;
      const indexes = (await queryRunner.getTable(table))?.indices ?? [];
      if (indexes.every(({ name }) => name !== index.name)) await queryRunner.createIndex(table, new TableIndex(index));
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const { table, columns, index } of changes) {
      if (index) await queryRunner.dropIndex(table, index.name);
      for (const column of Object.keys(columns)) await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN ${column}`);
    }
  }
}

/** Indexes for the keys that have unfinished runs or callbacks. */
const changes: readonly {
  table: string;
  columns: Readonly<Record<string, string>>;
  index?: { name: string; columnNames: string[] };
}[] = [
  { table: "api_key", columns: { revokedRuns: "VARCHAR(16) NULL" } },
  {
    table: "run",
    columns: { starterKind: "VARCHAR(16) NULL", starterName: "VARCHAR(120) NULL", apiKeyId: "CHAR(36) NULL" },
    index: { name: "run_status_key", columnNames: ["status", "apiKeyId", "id"] },
  },
  {
    table: "callback_delivery",
    columns: { apiKeyId: "CHAR(36) NULL" },
    index: { name: "callback_delivery_status_key", columnNames: ["status", "apiKeyId", "id"] },
  },
];
