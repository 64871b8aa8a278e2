import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { DataSource } from "typeorm";
import type { MysqlConfig, SqliteConfig } from "./database-config";
import { limitStatementTime } from "./mysql-timeouts";
import { createDataSource, createReader, type Entities, fileWait } from "./data-source";
import { migrate } from "./migrate";
import { limitSessions } from "./mysql-session-limits";
import { translateSqliteErrors } from "./sqlite-query-runner";

/** What changes a database, and what only reads it. */
export interface Connections {
  readonly writer: DataSource;
  readonly reader: DataSource;
}

/** How many may wait for each connection: as many as have their turn in two seconds where statements take 18 ms. */
const queuePerConnection = 100;

/** Opens the file, and brings its schema up to date. */
export async function connectSqlite(config: SqliteConfig, entities: Entities): Promise<Connections> {
  // TypeORM would make the folder too, but open to everybody.
  await mkdir(dirname(config.path), { recursive: true, mode: 0o700 });
  const [writer, reader] = [createDataSource(config, entities), createReader(config, entities)];
  for (const each of [writer, reader]) translateSqliteErrors(each);
  await writer.initialize();
  await migrate(writer);
  await writer.query(`PRAGMA busy_timeout = ${fileWait.later}`);
  await reader.initialize();
  return { writer, reader };
}

/** Brings the schema up to date, however long that takes. */
export async function migrateMysql(config: MysqlConfig, entities: Entities): Promise<void> {
  const migrator = await createDataSource(config, entities).initialize();
  try {
    await migrate(migrator);
  } finally {
    await migrator.destroy();
  }
}

/** @param most that a statement may take, with the wait for a connection, in milliseconds */
export async function connectMysql(
  config: MysqlConfig,
  entities: Entities,
  connections: number,
  most: number,
): Promise<Connections> {
  const share = { connections, queue: connections * queuePerConnection, timeoutMs: most };
  const dataSource = createDataSource(config, entities, share);
  limitStatementTime(dataSource, most);
  await dataSource.initialize();
  await limitSessions(dataSource, Math.ceil(most / 1_000));
  return { writer: dataSource, reader: dataSource };
}
