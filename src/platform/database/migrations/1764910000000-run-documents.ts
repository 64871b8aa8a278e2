import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** The documents that a run may search, and the caller's own data about it. */
export class RunDocuments1764910000000 implements MigrationInterface {
  readonly name = "RunDocuments1764910000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return addToTables(queryRunner, columns);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return removeFromTables(queryRunner, columns);
  }
}

const columns = { run: { documentIds: "TEXT NULL", metadata: "LONGTEXT NULL" } };
