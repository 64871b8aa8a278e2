import { resolve } from "node:path";
import { z } from "zod";
import type { DatabaseConfig } from "./platform/database/database-config";
import { type AllowedHost, allowedHostsOf } from "./platform/outbound/allowed-hosts";
import type { RedisConfig } from "./platform/redis/redis-config";
import { secretsKeyOf } from "./platform/secrets/keyring";
import { StartupError } from "./platform/process/startup-error";
import type { StorageConfig } from "./platform/storage/open-storage";
import { s3LocationOf } from "./platform/storage/s3-location";

/** The limits of one request, session, document or process. Sizes are bytes, lengths are characters. */
export interface Limits {
  readonly maxBodyBytes: number;
  readonly maxTokens: number;
  readonly maxDepth: number;
  readonly maxRootFields: number;
  readonly maxNodes: number;
  readonly maxPageSize: number;
  readonly maxTextLength: number;
  readonly maxUploadBytes: number;
  readonly maxSessionDocuments: number;
  readonly maxReadSeconds: number;
  readonly maxReadMegabytes: number;
  readonly maxReadWaitSeconds: number;
  readonly maxQueuedRuns: number;
  readonly maxRunningRuns: number;
  readonly maxConnections: number;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  /** Undefined if this is the only instance. */
  readonly redis: RedisConfig | undefined;
  /** Whether the server executes runs itself. */
  readonly runsInServer: boolean;
  readonly shutdownGraceSeconds: number;
  readonly storage: StorageConfig;
  /** Undefined if the data directory holds the key, or will hold it after the first start. */
  readonly adminKey: string | undefined;
  /** Encrypts secrets at rest, such as the keys of model providers. Undefined as above. */
  readonly secretsKey: Buffer | undefined;
  /** The previous `secretsKey`; decrypts the secrets that are not rotated yet. */
  readonly previousSecretsKey: Buffer | undefined;
  readonly modelAllowedHosts: readonly AllowedHost[];
  /** Undefined: idle sessions are never terminated. */
  readonly sessionIdleHours: number | undefined;
  /** Undefined: the contents of terminated sessions are never deleted. */
  readonly sessionRetentionDays: number | undefined;
  readonly logLevel: string;
  readonly limits: Limits;
}

/** Lists every problem of the environment, one variable a line. Never repeats a value, as it may be a secret. */
export class ConfigError extends StartupError {
  constructor(problems: readonly string[]) {
    super(["The configuration is invalid:", ...problems.map((problem) => `  ${problem}`)].join("\n"));
    this.name = "ConfigError";
  }
}

/** An environment variable, as `readConfig` reads it and as the documentation shows it. */
export interface ConfigurationVariable<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** The value that applies if the variable is not set. */
  readonly defaultValue: string | undefined;
  /** Says what applies if the variable is not set and has no default value. */
  readonly unset: string | undefined;
  /** One sentence. */
  readonly description: string;
}

const variable = <Schema extends z.ZodType<unknown, string>>(
  schema: Schema,
  defaultValue: z.input<Schema>,
  description: string,
): ConfigurationVariable<z.ZodPrefault<Schema>> => ({
  schema: z.prefault(schema, defaultValue),
  defaultValue,
  unset: undefined,
  description,
});

const optionalVariable = <Schema extends z.ZodType<unknown, string>>(
  schema: Schema,
  unset: string,
  description: string,
): ConfigurationVariable<z.ZodOptional<Schema>> => ({
  schema: z.optional(schema),
  defaultValue: undefined,
  unset,
  description,
});

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const integerBetween = (min: number, max: number) => {
  const message = `must be an integer from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
};

const adminKey = z
  .string()
  .regex(/^[\x21-\x7e]*$/, "must have only printable ASCII characters and no spaces, as it is sent in an HTTP header")
  .min(24, "must have at least 24 characters");

/** @returns why a key can't be the administrator's key; undefined if it can */
export const adminKeyError = (key: string): string | undefined => adminKey.safeParse(key).error?.issues[0]?.message;

const secretsKey = parsedBy(
  secretsKeyOf,
  "must be 32 bytes in base64 or hexadecimal, such as the output of `openssl rand -base64 32`",
);

const awsValue = z.string().regex(/^[\x21-\x7e]+$/, "must have only printable ASCII characters and no spaces");

/** Every environment variable of the server, in the order of the documentation. */
export const configurationTable = {
  HOST: variable(z.string(), "127.0.0.1", "The address to listen on."),
  PORT: variable(integerBetween(0, 65_535), "4000", "The port to listen on; 0 takes any free port."),
  DATA_DIR: variable(
    z.string(),
    "./data",
    "The directory for the SQLite database, the documents and the generated keys.",
  ),
  DATABASE_URL: optionalVariable(
    z
      .string()
      .refine(
        (url) => /^sqlite:(?!\/\/)[^:].*$/.test(url) || isMysqlUrl(url),
        "must be mysql://user:password@host:3306/name, optionally with ?tls=true or ?tlsCa=<path of a file>, or sqlite:<path of a file>",
      ),
    "SQLite in `DATA_DIR`",
    "The database: `mysql://user:password@host:3306/name` for MySQL or MariaDB, or `sqlite:<path of a file>`.",
  ),
  DATABASE_POOL_SIZE: variable(
    integerBetween(1, 1_000),
    "10",
    "The number of connections to MySQL or MariaDB for requests; background work has half as many more.",
  ),
  STORAGE_URL: optionalVariable(
    parsedBy(
      s3LocationOf,
      "must be s3://bucket/prefix, optionally with ?endpoint=https://host, &region=... and &pathStyle=true",
    ),
    "`documents` in `DATA_DIR`",
    "The S3-compatible object store for documents: `s3://bucket/prefix?endpoint=https://host`.",
  ),
  AWS_ACCESS_KEY_ID: optionalVariable(awsValue, "none", "The access key of the object store."),
  AWS_SECRET_ACCESS_KEY: optionalVariable(awsValue, "none", "The secret key of the object store."),
  AWS_SESSION_TOKEN: optionalVariable(awsValue, "none", "The session token of the object store, if it needs one."),
  REDIS_URL: optionalVariable(
    z.string().refine(isRedisUrl, "must be redis://host:6379 or rediss://user:password@host:6379/0"),
    "none",
    "The Redis server that connects several instances, such as `redis://host:6379`.",
  ),
  REDIS_PREFIX: variable(
    z.string().regex(/^[\w-]{1,64}$/, "must have 1 to 64 letters, digits, underscores and hyphens"),
    "latchkey",
    "The prefix of all keys and channels in Redis.",
  ),
  RUN_WORKER: variable(
    z.enum(["on", "off"], "must be on or off"),
    "on",
    "Whether this server executes runs; `off` leaves them to workers and other servers.",
  ),
  SHUTDOWN_GRACE_SECONDS: variable(
    integerBetween(0, 3_600),
    "5",
    "How long runs may take to finish when the process stops; the shutdown takes up to 4.5 s more.",
  ),
  ADMIN_KEY: optionalVariable(
    adminKey,
    "generated by the first start",
    "The administrator's key, with at least 24 printable characters.",
  ),
  SECRETS_KEY: optionalVariable(
    secretsKey,
    "generated by the first start",
    "The key that encrypts secrets at rest: 32 bytes in base64 or hexadecimal.",
  ),
  SECRETS_KEY_PREVIOUS: optionalVariable(
    secretsKey,
    "none",
    "The previous `SECRETS_KEY`, needed until the secrets are rotated.",
  ),
  MODEL_ALLOWED_HOSTS: optionalVariable(
    parsedBy(
      allowedHostsOf,
      "must be a comma-separated list of hosts, with or without ports, such as localhost:11434,10.0.0.5",
    ),
    "none",
    "The hosts that may be called although they are not on the public network: `host` or `host:port`, separated by commas.",
  ),
  LOG_LEVEL: variable(
    z.enum(logLevels, `must be one of ${logLevels.join(", ")}`),
    "info",
    "The lowest level that is logged, to standard error.",
  ),
  SESSION_IDLE_HOURS: optionalVariable(
    integerBetween(1, 100_000),
    "never",
    "After how many hours without use a session is terminated; checked every hour.",
  ),
  SESSION_RETENTION_DAYS: optionalVariable(
    integerBetween(1, 100_000),
    "forever",
    "For how many days a terminated session keeps its messages and runs; the session itself stays.",
  ),
  MAX_BODY_BYTES: variable(
    integerBetween(1_000, 100_000_000),
    "1000000",
    "The maximum size of a request without a document.",
  ),
  MAX_TOKENS: variable(integerBetween(50, 100_000), "2000", "The maximum number of tokens of an operation."),
  MAX_DEPTH: variable(integerBetween(1, 100), "12", "The maximum depth of an operation."),
  MAX_ROOT_FIELDS: variable(integerBetween(1, 1_000), "30", "The maximum number of root fields of an operation."),
  MAX_NODES: variable(
    integerBetween(1, 10_000_000),
    "10000",
    "The maximum number of list items that an operation may request; the sizes of nested lists are multiplied.",
  ),
  MAX_PAGE_SIZE: variable(integerBetween(1, 10_000), "200", "The maximum value of the argument `first`."),
  MAX_TEXT_LENGTH: variable(
    integerBetween(1, 10_000_000),
    "100000",
    "The maximum length of a text field that has no specific limit, in characters.",
  ),
  MAX_UPLOAD_BYTES: variable(integerBetween(1, 1_000_000_000), "25000000", "The maximum size of a document."),
  MAX_SESSION_DOCUMENTS: variable(integerBetween(1, 10_000), "20", "The maximum number of documents in a session."),
  MAX_READ_SECONDS: variable(
    integerBetween(1, 3_600),
    "60",
    "How long indexing a document, or searching the documents of a session, may take.",
  ),
  MAX_READ_MEGABYTES: variable(
    integerBetween(64, 1_000_000),
    "1024",
    "The maximum heap of a process that indexes or searches documents.",
  ),
  MAX_READ_WAIT_SECONDS: variable(
    integerBetween(0, 86_400),
    "600",
    "How long a run waits for documents that are still being indexed.",
  ),
  MAX_QUEUED_RUNS: variable(integerBetween(0, 10_000), "20", "The maximum number of queued runs of a session."),
  MAX_RUNNING_RUNS: variable(
    integerBetween(1, 10_000),
    "100",
    "The maximum number of runs that one process executes concurrently.",
  ),
  MAX_CONNECTIONS: variable(integerBetween(1, 1_000_000), "10000", "The maximum number of open connections."),
};

type Table = typeof configurationTable;

/** Each variable on its own. */
const variables = z.object(
  Object.fromEntries(Object.entries(configurationTable).map(([name, { schema }]) => [name, schema])) as {
    [Name in keyof Table]: Table[Name]["schema"];
  },
);

/** Constraints between variables; `when` has them checked even if other variables are invalid. */
const environment = variables
  .refine(({ REDIS_URL, DATABASE_URL = "sqlite:" }) => REDIS_URL === undefined || !DATABASE_URL.startsWith("sqlite:"), {
    path: ["REDIS_URL"],
    message: "must be set only with a DATABASE_URL of MySQL or MariaDB: several instances can't share a SQLite file",
    when: () => true,
  })
  .refine(({ REDIS_URL, RUN_WORKER }) => RUN_WORKER !== "off" || REDIS_URL !== undefined, {
    path: ["RUN_WORKER"],
    message: "must be on if REDIS_URL is not set: no other instance would execute the runs",
    when: () => true,
  })
  .refine(({ STORAGE_URL, AWS_ACCESS_KEY_ID }) => STORAGE_URL === undefined || AWS_ACCESS_KEY_ID !== undefined, {
    path: ["AWS_ACCESS_KEY_ID"],
    message: "must be set if STORAGE_URL is set",
    when: () => true,
  })
  .refine(
    ({ STORAGE_URL, AWS_SECRET_ACCESS_KEY }) => STORAGE_URL === undefined || AWS_SECRET_ACCESS_KEY !== undefined,
    {
      path: ["AWS_SECRET_ACCESS_KEY"],
      message: "must be set if STORAGE_URL is set",
      when: () => true,
    },
  );

/**
 * Reads and validates the whole configuration. An empty variable counts as unset.
 *
 * @throws {ConfigError} that lists all problems
 */
export function readConfig(variablesSet: Readonly<Record<string, string | undefined>>): Config {
  const set = Object.fromEntries(Object.entries(variablesSet).filter(([, value]) => value !== ""));
  const { success, data: env, error } = environment.safeParse(set);
  if (!success) throw new ConfigError(error.issues.map(({ path, message }) => `${path.join(".")} ${message}`));

  const dataDir = resolve(env.DATA_DIR);
  return {
    host: env.HOST,
    port: env.PORT,
    dataDir,
    database: databaseOf(env.DATABASE_URL ?? `sqlite:${resolve(dataDir, "latchkey.sqlite")}`, env.DATABASE_POOL_SIZE),
    redis: env.REDIS_URL === undefined ? undefined : { url: env.REDIS_URL, prefix: env.REDIS_PREFIX },
    runsInServer: env.RUN_WORKER === "on",
    shutdownGraceSeconds: env.SHUTDOWN_GRACE_SECONDS,
    storage: storageOf(env),
    adminKey: env.ADMIN_KEY,
    secretsKey: env.SECRETS_KEY,
    previousSecretsKey: env.SECRETS_KEY_PREVIOUS,
    modelAllowedHosts: env.MODEL_ALLOWED_HOSTS ?? [],
    sessionIdleHours: env.SESSION_IDLE_HOURS,
    sessionRetentionDays: env.SESSION_RETENTION_DAYS,
    logLevel: env.LOG_LEVEL,
    limits: {
      maxBodyBytes: env.MAX_BODY_BYTES,
      maxTokens: env.MAX_TOKENS,
      maxDepth: env.MAX_DEPTH,
      maxRootFields: env.MAX_ROOT_FIELDS,
      maxNodes: env.MAX_NODES,
      maxPageSize: env.MAX_PAGE_SIZE,
      maxTextLength: env.MAX_TEXT_LENGTH,
      maxUploadBytes: env.MAX_UPLOAD_BYTES,
      maxSessionDocuments: env.MAX_SESSION_DOCUMENTS,
      maxReadSeconds: env.MAX_READ_SECONDS,
      maxReadMegabytes: env.MAX_READ_MEGABYTES,
      maxReadWaitSeconds: env.MAX_READ_WAIT_SECONDS,
      maxQueuedRuns: env.MAX_QUEUED_RUNS,
      maxRunningRuns: env.MAX_RUNNING_RUNS,
      maxConnections: env.MAX_CONNECTIONS,
    },
  };
}

function storageOf(env: z.output<typeof environment>): StorageConfig {
  const { STORAGE_URL: location, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!location || accessKeyId === undefined || secretAccessKey === undefined) return { type: "folder" };
  return { type: "s3", location, credentials: { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN } };
}

/** @param parse returns undefined for an invalid text */
function parsedBy<Value>(parse: (text: string) => Value | undefined, message: string) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

function databaseOf(text: string, poolSize: number): DatabaseConfig {
  if (text.startsWith("sqlite:")) return { type: "sqlite", path: resolve(text.slice("sqlite:".length)) };
  const url = new URL(text);
  const caFile = url.searchParams.get("tlsCa") ?? undefined;
  const tls = url.search === "" ? undefined : { caFile: caFile === undefined ? undefined : resolve(caFile) };
  return { type: "mysql", url: text.replace(/\?.*$/, ""), poolSize, tls };
}

function isMysqlUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(text);
  // Any other parameter would be ignored, such as one that asks for encryption by another name.
  const isKnownSearch = search === "" || search === "?tls=true" || /^\?tlsCa=[^&]+$/.test(search);
  const isComplete = hostname !== "" && /^\/[^/]+$/.test(pathname) && isKnownSearch && hash === "";
  return protocol === "mysql:" && isComplete && isDecodable(username) && isDecodable(password);
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(text);
  const isComplete = hostname !== "" && /^(\/\d*)?$/.test(pathname) && search === "" && hash === "";
  return ["redis:", "rediss:"].includes(protocol) && isComplete && isDecodable(username) && isDecodable(password);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
