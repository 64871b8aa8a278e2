import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** Keys that follow one another, and when the older one ends. */
export class KeyRotation1764872000000 implements MigrationInterface {
  readonly name = "KeyRotation1764872000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return addToTables(queryRunner, columns, indexes);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return removeFromTables(queryRunner, columns, indexes);
  }
}

const columns = {
  api_key: {
    predecessorId: "CHAR(36) NULL",
    successorId: "CHAR(36) NULL",
    revokesAt: "DATETIME(3) NULL",
    endsOnUse: "CHAR(36) NULL",
  },
};

/** Finds the keys whose overlap is over. */
const indexes = { api_key_ended: ["api_key", "revokedAt, revokesAt, id"] } as const;
