import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** The limits of scopes and keys, and agents that are switched off. Apps from before have no limit until one is set. */
export class KeyCounts1764875000000 implements MigrationInterface {
  readonly name = "KeyCounts1764875000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return addToTables(queryRunner, columns);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return removeFromTables(queryRunner, columns);
  }
}

const columns = {
  app: { maxScopes: "INT NULL", maxKeysPerScope: "INT NULL" },
  agent: { enabled: "INT NOT NULL DEFAULT 1" },
};
