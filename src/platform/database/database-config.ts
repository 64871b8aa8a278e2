export interface SqliteConfig {
  readonly type: "sqlite";
  readonly path: string;
}

export interface MysqlConfig {
  readonly type: "mysql";
  readonly url: string;
  /** Connections of a process for requests; background work has half as many more. */
  readonly poolSize: number;
  /** Undefined if connections are not encrypted. */
  readonly tls: { readonly caFile: string | undefined } | undefined;
}

export type DatabaseConfig = SqliteConfig | MysqlConfig;
