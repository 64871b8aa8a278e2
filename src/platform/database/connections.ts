import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { DataSource } from "typeorm";
import type { MysqlConfig, SqliteConfig } from "./database-config";
import { limitStatementTime } from "./mysql-timeouts";
import { createDataSource, createReader, type Entities, busyTimeoutMs } from "./data-source";
import { migrate } from "./migrate";
import { limitSessions } from "./mysql-session-limits";
import { translateSqliteErrors } from "./sqlite-query-runner";

export interface Connections {
  readonly writer: DataSource;
  readonly reader: DataSource;
}

/** How many may wait for each connection: within two seconds all of them get it if a statement takes 18 ms. */
const queuePerConnection = 100;

/** Opens the file and migrates the schema. */
export async function connectSqlite(config: SqliteConfig, entities: Entities): Promise<Connections> {
  // TypeORM would create the directory too, but readable by everybody.
  await mkdir(dirname(config.path), { recursive: true, mode: 0o700 });
  const [writer, reader] = [createDataSource(config, entities), createReader(config, entities)];
  for (const each of [writer, reader]) translateSqliteErrors(each);
  await writer.initialize();
  await migrate(writer);
  await writer.query(`PRAGMA busy_timeout = ${busyTimeoutMs.running}`);
  await reader.initialize();
  return { writer, reader };
}

/** Migrates the schema, without a timeout for statements. */
export async function migrateMysql(config: MysqlConfig, entities: Entities): Promise<void> {
  const migrator = await createDataSource(config, entities).initialize();
  try {
    await migrate(migrator);
  } finally {
    await migrator.destroy();
  }
}

/** @param statementTimeoutMs includes the wait for a connection */
export async function connectMysql(
  config: MysqlConfig,
  entities: Entities,
  poolSize: number,
  statementTimeoutMs: number,
): Promise<Connections> {
  const pool = { size: poolSize, maxQueued: poolSize * queuePerConnection, connectTimeoutMs: statementTimeoutMs };
  const dataSource = createDataSource(config, entities, pool);
  limitStatementTime(dataSource, statementTimeoutMs);
  await dataSource.initialize();
  await limitSessions(dataSource, Math.ceil(statementTimeoutMs / 1_000));
  return { writer: dataSource, reader: dataSource };
}
