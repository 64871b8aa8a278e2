import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** Whether the keys of a scope manage those of other scopes. */
export class DelegatedKeys1764911000000 implements MigrationInterface {
  readonly name = "DelegatedKeys1764911000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return addToTables(queryRunner, columns);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return removeFromTables(queryRunner, columns);
  }
}

const columns = { scope: { permissionsKeys: "VARCHAR(16) NOT NULL DEFAULT 'NONE'" } };
