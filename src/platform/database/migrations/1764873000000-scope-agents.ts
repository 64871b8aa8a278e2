import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** The agents that a scope is confined to, in its row, so that the verdict needs no further statement. */
export class ScopeAgents1764873000000 implements MigrationInterface {
  readonly name = "ScopeAgents1764873000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return addToTables(queryRunner, columns);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return removeFromTables(queryRunner, columns);
  }
}

const columns = {
  scope: { permissionsSelection: "VARCHAR(16) NOT NULL DEFAULT 'ALL'", permissionsSelected: "TEXT NULL" },
};
