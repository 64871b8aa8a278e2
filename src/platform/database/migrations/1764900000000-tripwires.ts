import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** Keys whose use raises an alarm. */
export class Tripwires1764900000000 implements MigrationInterface {
  readonly name = "Tripwires1764900000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return addToTables(queryRunner, columns);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return removeFromTables(queryRunner, columns);
  }
}

const columns = { api_key: { tripwire: "INT NOT NULL DEFAULT 0" } };
