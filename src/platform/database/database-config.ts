export interface SqliteConfig {
  readonly type: "sqlite";
  readonly path: string;
}

export interface MysqlConfig {
  readonly type: "mysql";
  readonly url: string;
  /** How many connections a process has for requests; half as many more are for what it does by itself. */
  readonly poolSize: number;
  /** Undefined where connections are not encrypted. */
  readonly tls: { readonly caFile: string | undefined } | undefined;
}

/** Where the data is kept. */
export type DatabaseConfig = SqliteConfig | MysqlConfig;
