import { readFileSync } from "node:fs";
import { DataSource, type DataSourceOptions } from "typeorm";
import type { DatabaseConfig, MysqlConfig, SqliteConfig } from "./database-config";
import { Sqlite } from "../sqlite";
import { asStartupError } from "../process/startup-error";
import { migrations } from "./migrations";
import type { SessionLimits } from "./mysql-session";

export type Entities = NonNullable<DataSourceOptions["entities"]>;

/** A pool of connections to MySQL or MariaDB. */
export interface PoolOptions {
  readonly size: number;
  /** 0: any number. */
  readonly maxQueued: number;
  readonly connectTimeoutMs: number;
  /** Undefined if neither statements nor lock waits are limited. */
  readonly limits?: SessionLimits;
}

const migrationPool: PoolOptions = { size: 2, maxQueued: 0, connectTimeoutMs: 5_000 };

/** The wait for a lock of another process blocks the whole process. */
export const busyTimeoutMs = { starting: 5_000, running: 100 } as const;

/** The connection for changes, for the server and for TypeORM's command line. */
export async function createDataSource(
  database: DatabaseConfig,
  entities: Entities,
  pool = migrationPool,
): Promise<DataSource> {
  const options =
    database.type === "sqlite" ? sqliteOptions(database, entities) : await mysqlOptions(database, entities, pool);
  return new DataSource(options);
}

/**
 * The connection for queries on SQLite. On the connection for changes, queries would see the uncommitted changes of the
 * transaction that is open there.
 */
export function createReader(database: SqliteConfig, entities: Entities): DataSource {
  const options = { enableWAL: false, readonly: true, timeout: busyTimeoutMs.running };
  return new DataSource({ ...sqliteOptions(database, entities), ...options });
}

const commonOptions = (entities: Entities) => ({
  entities,
  migrations: [...migrations],
  synchronize: false,
  logging: false,
});

const sqliteOptions = (database: SqliteConfig, entities: Entities) =>
  ({
    ...commonOptions(entities),
    type: "better-sqlite3",
    driver: Sqlite,
    database: database.path,
    enableWAL: true,
    timeout: busyTimeoutMs.starting,
    // In WAL mode the default syncs at checkpoints only, so a power failure would lose committed transactions.
    prepareDatabase: (connection: { pragma(text: string): unknown }) => void connection.pragma("synchronous = FULL"),
  }) as const satisfies DataSourceOptions;

async function mysqlOptions(database: MysqlConfig, entities: Entities, pool: PoolOptions): Promise<DataSourceOptions> {
  // Takes a while to load, which SQLite can do without.
  const { mysqlDriver } = await import("./mysql-driver.js");
  return {
    ...commonOptions(entities),
    type: "mysql",
    driver: mysqlDriver(pool.limits, pool.connectTimeoutMs),
    url: database.url,
    charset: "utf8mb4",
    timezone: "Z",
    poolSize: pool.size,
    connectTimeout: pool.connectTimeoutMs,
    extra: { queueLimit: pool.maxQueued },
    ...tlsOf(database),
  };
}

/** Encryption implies that the identity of the server is verified. */
function tlsOf({ tls }: MysqlConfig): { ssl?: object } {
  if (!tls) return {};
  return { ssl: { verifyIdentity: true, ...(tls.caFile !== undefined && { ca: readCertificates(tls.caFile) }) } };
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return asStartupError("The certificates of the database (tlsCa in DATABASE_URL) can't be read")(error);
  }
}
