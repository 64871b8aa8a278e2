import { resolve } from "node:path";
import { z } from "zod";
import type { DatabaseConfig } from "./platform/database/database-config";
import { type AllowedHost, allowedHostsOf } from "./platform/outbound/allowed-hosts";
import type { RedisConfig } from "./platform/redis/redis-config";
import { secretsKeyOf } from "./platform/secrets/keyring";
import { StartupError } from "./platform/process/startup-error";
import type { StorageConfig } from "./platform/storage/open-storage";
import { s3LocationOf } from "./platform/storage/s3-location";

/** What one request, session or document may ask for at most. Sizes are bytes, lengths are characters. */
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
  /** That reading one document, or searching those of a session, may take. */
  readonly maxReadSeconds: number;
  /** Of memory, for the same. */
  readonly maxReadMegabytes: number;
  /** That a run waits for documents that are still being read. */
  readonly maxReadWaitSeconds: number;
  readonly maxQueuedRuns: number;
  /** That this process carries out at once. */
  readonly maxRunningRuns: number;
  readonly maxConnections: number;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  /** Undefined where this is the only instance. */
  readonly redis: RedisConfig | undefined;
  /** Whether the server carries out runs itself. */
  readonly runsInServer: boolean;
  /** How long runs may take to finish when the process stops. */
  readonly shutdownGraceSeconds: number;
  readonly storage: StorageConfig;
  /** Undefined where the data directory holds it, or is to hold it after the first start. */
  readonly adminKey: string | undefined;
  /** Encrypts the secrets of others, such as model providers' keys. Undefined as above. */
  readonly secretsKey: Buffer | undefined;
  /** What `secretsKey` was before, so that what it encrypted can still be read. */
  readonly previousSecretsKey: Buffer | undefined;
  /** Where models may be that are not on the public network. */
  readonly modelAllowedHosts: readonly AllowedHost[];
  /** After which a session that nobody has used is terminated. Undefined: never. */
  readonly sessionIdleHours: number | undefined;
  /** For which a terminated session keeps its messages and runs. Undefined: for good. */
  readonly sessionRetentionDays: number | undefined;
  readonly logLevel: string;
  readonly limits: Limits;
}

/** Says everything that is wrong with the environment, a line per variable; never a value, which may be a secret. */
export class ConfigError extends StartupError {
  constructor(faults: readonly string[]) {
    super(["The configuration is not usable:", ...faults.map((fault) => `  ${fault}`)].join("\n"));
    this.name = "ConfigError";
  }
}

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const wholeNumberWithin = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= least && value <= most, message);
};

const wholeNumber = (fallback: number, least: number, most: number) => wholeNumberWithin(least, most).default(fallback);

const adminKey = z
  .string()
  .regex(/^[\x21-\x7e]*$/, "must be of printable ASCII characters without spaces, as it is sent in a header")
  .min(24, "must have 24 characters at least");

/** What is wrong with an administrator's key, wherever it comes from; undefined where nothing is. */
export const adminKeyFault = (key: string): string | undefined => adminKey.safeParse(key).error?.issues[0]?.message;

const secretsKey = readBy(
  secretsKeyOf,
  "must be 32 bytes as base64 or hexadecimal, such as of `openssl rand -base64 32`",
);

const awsValue = z.string().regex(/^[\x21-\x7e]+$/, "must be of printable ASCII characters without spaces");

const variables = z.object({
  PORT: wholeNumber(4000, 0, 65_535),
  HOST: z.string().default("127.0.0.1"),
  DATA_DIR: z.string().default("./data"),
  DATABASE_URL: z
    .string()
    .refine(
      (url) => /^sqlite:(?!\/\/)[^:].*$/.test(url) || isMysqlUrl(url),
      "must be mysql://user:password@host:3306/name, with ?tls=true or ?tlsCa=<path of a file> and nothing else, or sqlite:<path of a file>",
    )
    .optional(),
  DATABASE_POOL_SIZE: wholeNumber(10, 1, 1_000),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, "must be redis://host:6379 or rediss://user:password@host:6379/0")
    .optional(),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w-]{1,64}$/, "must be of letters, digits, - and _, 64 at most")
    .default("latchkey"),
  RUN_WORKER: z.enum(["on", "off"], "must be on or off").default("on"),
  SHUTDOWN_GRACE_SECONDS: wholeNumber(5, 0, 3_600),
  STORAGE_URL: readBy(
    s3LocationOf,
    "must be s3://bucket/prefix, with ?endpoint=https://host, &region=... and &pathStyle=true as the store needs",
  ).optional(),
  AWS_ACCESS_KEY_ID: awsValue.optional(),
  AWS_SECRET_ACCESS_KEY: awsValue.optional(),
  AWS_SESSION_TOKEN: awsValue.optional(),
  ADMIN_KEY: adminKey.optional(),
  SECRETS_KEY: secretsKey.optional(),
  SECRETS_KEY_PREVIOUS: secretsKey.optional(),
  MODEL_ALLOWED_HOSTS: readBy(
    allowedHostsOf,
    "must be hosts or hosts with ports, such as localhost:11434,10.0.0.5",
  ).default([]),
  SESSION_IDLE_HOURS: wholeNumberWithin(1, 100_000).optional(),
  SESSION_RETENTION_DAYS: wholeNumberWithin(1, 100_000).optional(),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
  MAX_BODY_BYTES: wholeNumber(1_000_000, 1_000, 100_000_000),
  MAX_TOKENS: wholeNumber(2_000, 50, 100_000),
  MAX_DEPTH: wholeNumber(12, 1, 100),
  MAX_ROOT_FIELDS: wholeNumber(30, 1, 1_000),
  MAX_NODES: wholeNumber(10_000, 1, 10_000_000),
  MAX_PAGE_SIZE: wholeNumber(200, 1, 10_000),
  MAX_TEXT_LENGTH: wholeNumber(100_000, 1, 10_000_000),
  MAX_UPLOAD_BYTES: wholeNumber(25_000_000, 1, 1_000_000_000),
  MAX_SESSION_DOCUMENTS: wholeNumber(20, 1, 10_000),
  MAX_READ_SECONDS: wholeNumber(60, 1, 3_600),
  MAX_READ_MEGABYTES: wholeNumber(1_024, 64, 1_000_000),
  MAX_READ_WAIT_SECONDS: wholeNumber(600, 0, 86_400),
  MAX_QUEUED_RUNS: wholeNumber(20, 0, 10_000),
  MAX_RUNNING_RUNS: wholeNumber(100, 1, 10_000),
  MAX_CONNECTIONS: wholeNumber(10_000, 1, 1_000_000),
});

/** What no variable can say alone. */
const environment = variables
  .refine(({ REDIS_URL, DATABASE_URL = "sqlite:" }) => REDIS_URL === undefined || !DATABASE_URL.startsWith("sqlite:"), {
    path: ["REDIS_URL"],
    message: "must come with a DATABASE_URL of MySQL or MariaDB: several instances can't share SQLite's file",
    when: () => true,
  })
  .refine(({ REDIS_URL, RUN_WORKER }) => RUN_WORKER !== "off" || REDIS_URL !== undefined, {
    path: ["RUN_WORKER"],
    message: "must be on where there is no REDIS_URL: nobody else would carry out the runs",
    when: () => true,
  })
  .refine((given) => given.STORAGE_URL === undefined || given.AWS_ACCESS_KEY_ID !== undefined, {
    path: ["AWS_ACCESS_KEY_ID"],
    message: "must be set where STORAGE_URL is",
    when: () => true,
  })
  .refine((given) => given.STORAGE_URL === undefined || given.AWS_SECRET_ACCESS_KEY !== undefined, {
    path: ["AWS_SECRET_ACCESS_KEY"],
    message: "must be set where STORAGE_URL is",
    when: () => true,
  });

/**
 * Reads and checks the whole configuration. An empty variable counts as unset.
 *
 * @throws {ConfigError} that names every fault at once
 */
export function readConfig(given: Readonly<Record<string, string | undefined>>): Config {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
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
    modelAllowedHosts: env.MODEL_ALLOWED_HOSTS,
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

/** A text that `read` understands; it gives undefined for one that it doesn't. */
function readBy<Value>(read: (text: string) => Value | undefined, message: string) {
  return z.string().transform((text, context) => {
    const value = read(text);
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
  // What else stands behind the name would be read by nobody, such as a wish for encryption by another word.
  const isEncryption = search === "" || search === "?tls=true" || /^\?tlsCa=[^&]+$/.test(search);
  const isWhole = hostname !== "" && /^\/[^/]+$/.test(pathname) && isEncryption && hash === "";
  return protocol === "mysql:" && isWhole && isEncoded(username) && isEncoded(password);
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(text);
  const isWhole = hostname !== "" && /^(\/\d*)?$/.test(pathname) && search === "" && hash === "";
  return ["redis:", "rediss:"].includes(protocol) && isWhole && isEncoded(username) && isEncoded(password);
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
