import { DataSource, type DataSourceOptions } from "typeorm";
import type { DatabaseConfig } from "../config";
import { Sqlite } from "../sqlite";
import { migrations } from "./migrations";

export type Entities = NonNullable<DataSourceOptions["entities"]>;

/** The connection that changes the database, for the server and for TypeORM's command line alike. */
export function createDataSource(database: DatabaseConfig, entities: Entities): DataSource {
  return new DataSource(optionsOf(database, entities));
}

/**
 * The connection that reads. SQLite has one connection at a time in a transaction, whose half-done changes every
 * statement on it would see, so that there reads have a connection of their own, which cannot write.
 */
export function createReader(database: DatabaseConfig, entities: Entities): DataSource | undefined {
  if (database.type !== "sqlite") return undefined;
  return new DataSource({ ...optionsOf(database, entities), enableWAL: false, readonly: true } as DataSourceOptions);
}

function optionsOf(database: DatabaseConfig, entities: Entities): DataSourceOptions {
  const common = { entities, migrations: [...migrations], synchronize: false, logging: false };
  return database.type === "sqlite"
    ? {
        ...common,
        type: "better-sqlite3",
        driver: Sqlite,
        database: database.path,
        enableWAL: true,
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
        poolSize: 10,
        connectTimeout: 5_000,
      };
}
