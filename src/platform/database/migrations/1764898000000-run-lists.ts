import type { MigrationInterface, QueryRunner } from "typeorm";
import { addToTables, removeFromTables } from "../schema-changes";

/** Indexes for lists of runs: those of an agent or a key, and those of an app or an agent with a status. */
export class RunLists1764898000000 implements MigrationInterface {
  readonly name = "RunLists1764898000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    await addToTables(queryRunner, {}, indexes);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await removeFromTables(queryRunner, {}, indexes);
  }
}

const indexes = {
  run_app_status: ["run", "appId, status, id"],
  run_agent: ["run", "agentId, id"],
  run_agent_status: ["run", "agentId, status, id"],
  run_key: ["run", "apiKeyId, id"],
} as const;
