import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/**
 * Puts the columns that a search of keys compares into the indexes by which keys are filtered and sorted, so that a search
 * reads no rows but those that it finds. SQLite also reads the rows if a generated column is compared or sorted by.
 */
export class KeySearch1764930000000 implements MigrationInterface {
  readonly name = "KeySearch1764930000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await addToTables(queryRunner, {}, indexes);
    await removeFromTables(queryRunner, {}, replaced);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await addToTables(queryRunner, {}, replaced);
    await removeFromTables(queryRunner, {}, indexes);
  }
}

const indexes = {
  api_key_status_text: ["api_key", "appId, isRevoked, id, name, owner, environment, hint"],
  api_key_scope_text: ["api_key", "scopeId, isRevoked, id, name, owner, environment, hint"],
  api_key_name_text: ["api_key", "appId, name, id, owner, environment, hint, isRevoked"],
  api_key_active_text: ["api_key", "appId, lastActiveAt, id, name, owner, environment, hint, isRevoked"],
} as const;

const replaced = {
  api_key_app_revoked: ["api_key", "appId, isRevoked"],
  api_key_scope_revoked: ["api_key", "scopeId, isRevoked"],
  api_key_app_name: ["api_key", "appId, name, id"],
  api_key_app_active: ["api_key", "appId, lastActiveAt, id"],
} as const;
