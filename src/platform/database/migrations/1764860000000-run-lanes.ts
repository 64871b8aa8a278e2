import { type MigrationInterface, type QueryRunner, TableIndex } from "typeorm";

/** The queued runs of an app by key, as keys take turns. */
export class RunLanes1764860000000 implements MigrationInterface {
  readonly name = "RunLanes1764860000000";

  up(queryRunner: QueryRunner): Promise<void> {
    return replace(queryRunner, withoutKey, withKey);
  }

  down(queryRunner: QueryRunner): Promise<void> {
    return replace(queryRunner, withKey, withoutKey);
  }
}

const withoutKey = { name: "run_status_app", columnNames: ["status", "appId", "id"] };
const withKey = { name: "run_status_app_key", columnNames: ["status", "appId", "apiKeyId", "id"] };

/** MySQL commits each change of a table, so this must be repeatable after a crash. */
async function replace(queryRunner: QueryRunner, old: typeof withKey, next: typeof withKey): Promise<void> {
  const indices = (await queryRunner.getTable("run"))?.indices ?? [];
  const has = ({ name }: typeof withKey) => indices.some((index) => index.name === name);
  if (!has(next)) await queryRunner.createIndex("run", new TableIndex(next));
  if (has(old)) await queryRunner.dropIndex("run", old.name);
}
