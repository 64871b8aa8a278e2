import { readFileSync } from "node:fs";
import { DataSource, type DataSourceOptions } from "typeorm";
import type { DatabaseConfig, MysqlConfig, SqliteConfig } from "./database-config";
import { Sqlite } from "../sqlite";
import { asStartupError } from "../process/startup-error";
import { migrations } from "./migrations";

export type Entities = NonNullable<DataSourceOptions["entities"]>;

/** How much of a database somebody may have at once, and how long they wait for it. */
export interface Share {
  readonly connections: number;
  /** How many may wait for one of these. */
  readonly queue: number;
  /** How long a connection may take to be made, in milliseconds. */
  readonly timeoutMs: number;
}

const migrating: Share = { connections: 2, queue: 0, timeoutMs: 5_000 };

/** How long SQLite waits for a file that another process holds, in milliseconds. The whole process waits with it. */
export const fileWait = { atStart: 5_000, later: 100 } as const;

/** The connection that changes the database, for the server and for TypeORM's command line alike. */
export function createDataSource(database: DatabaseConfig, entities: Entities, share = migrating): DataSource {
  return new DataSource(optionsOf(database, entities, share));
}

/**
 * The connection that reads. SQLite has one connection at a time in a transaction, whose half-done changes every
 * statement on it would see, so that there reads have a connection of their own, which cannot write.
 */
export function createReader(database: SqliteConfig, entities: Entities): DataSource {
  const options = { enableWAL: false, readonly: true, timeout: fileWait.later };
  return new DataSource({ ...optionsOf(database, entities, migrating), ...options });
}

function optionsOf(database: DatabaseConfig, entities: Entities, share: Share): DataSourceOptions {
  const common = { entities, migrations: [...migrations], synchronize: false, logging: false };
  return database.type === "sqlite"
    ? {
        ...common,
        type: "better-sqlite3",
        driver: Sqlite,
        database: database.path,
        enableWAL: true,
        timeout: fileWait.atStart,
        // WAL's default syncs only at checkpoints, which loses what was answered last when the power fails.
        prepareDatabase: (connection: { pragma(text: string): unknown }) =>
          void connection.pragma("synchronous = FULL"),
      }
    : {
        ...common,
        type: "mysql",
        url: database.url,
        charset: "utf8mb4",
        timezone: "Z",
        poolSize: share.connections,
        connectTimeout: share.timeoutMs,
        extra: { queueLimit: share.queue },
        ...tlsOf(database),
      };
}

/** Who encrypts wants to know as well who is at the other end. */
function tlsOf({ tls }: MysqlConfig): { ssl?: object } {
  if (!tls) return {};
  return { ssl: { verifyIdentity: true, ...(tls.caFile !== undefined && { ca: certificatesIn(tls.caFile) }) } };
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return asStartupError("The certificates for the database (tlsCa in DATABASE_URL) can't be read")(error);
  }
}
