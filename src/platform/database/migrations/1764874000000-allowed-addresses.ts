import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** The addresses that keys may be used from. */
export class AllowedAddresses1764874000000 implements MigrationInterface {
  readonly name = "AllowedAddresses1764874000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return addToTables(queryRunner, columns);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return removeFromTables(queryRunner, columns);
  }
}

const columns = { scope: { allowedAddresses: "TEXT NULL" }, api_key: { allowedAddresses: "TEXT NULL" } };
