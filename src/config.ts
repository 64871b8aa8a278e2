import { resolve } from "node:path";
import { z } from "zod";
import type { DatabaseConfig } from "./platform/database/database-config";
import type { MetricsConfig } from "./platform/metrics/metrics-server";
import { noProxies, type TrustedProxies } from "./platform/inbound/trusted-proxies";
import type { CodeFlowConfig } from "./platform/oidc/code-flow";
import type { OidcConfig } from "./platform/oidc/token-verifier";
import type { AllowedHost } from "./platform/outbound/allowed-hosts";
import type { OutboundPurpose } from "./platform/outbound/outbound";
import type { RedisConfig } from "./platform/redis/redis-config";
import { StartupError } from "./platform/process/startup-error";
import type { StorageConfig } from "./platform/storage/open-storage";
import type { RoleMap } from "./config/values";
import { configurationTable } from "./config/variables";

/** The limits of one request, session, document or process. Sizes are bytes, lengths are characters. */
export interface Limits {
  readonly maxBodyBytes: number;
  readonly maxResponseBytes: number;
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
  readonly maxQueuedDocuments: number;
  readonly maxQueuedRuns: number;
  readonly maxRunningRuns: number;
  readonly maxConnections: number;
  /** By address. */
  readonly maxFailedCredentialsPerMinute: number;
  readonly maxSubscriptions: number;
  readonly maxWaitingExecutions: number;
  readonly maxUploads: number;
  readonly maxWaitingBytes: number;
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
  /** Undefined: no tokens are accepted. */
  readonly oidc: (OidcConfig & { readonly roleMap: RoleMap }) | undefined;
  /** Encrypts secrets at rest, such as the keys of model providers. Undefined as above. */
  readonly secretsKey: Buffer | undefined;
  /** The previous `secretsKey`; decrypts the secrets that are not rotated yet. */
  readonly previousSecretsKey: Buffer | undefined;
  readonly trustedProxies: TrustedProxies;
  /** The origins whose pages may use the API from a browser, besides its own. */
  readonly corsOrigins: readonly string[];
  /** The hosts off the public network that may be called, each list for one purpose. */
  readonly allowedHosts: Readonly<Record<OutboundPurpose, readonly AllowedHost[]>>;
  /** Undefined: idle sessions are never terminated. */
  readonly sessionIdleHours: number | undefined;
  /** Undefined: the contents of terminated sessions are never deleted. */
  readonly sessionRetentionDays: number | undefined;
  /** How long counts of requests and runs are kept. */
  readonly usageRetentionDays: number;
  /** Undefined: entries of the audit log are never deleted. */
  readonly auditRetentionDays: number | undefined;
  /** Whether the address that a key was last used from is kept. */
  readonly keepsKeyAddresses: boolean;
  /** Undefined: nobody can sign in at the console with OpenID Connect. */
  readonly consoleSignIn: CodeFlowConfig | undefined;
  /** Whether the console is served. */
  readonly hasConsole: boolean;
  readonly logLevel: string;
  /** The address at which metrics are served without a credential; undefined if there is none. */
  readonly metrics: MetricsConfig | undefined;
  /** The requests that have a line in the log. */
  readonly loggedRequests: "all" | "refused" | "off";
  readonly limits: Limits;
}

/** Lists every problem of the environment, one variable a line. Never repeats a value, as it may be a secret. */
export class ConfigError extends StartupError {
  constructor(problems: readonly string[]) {
    super(["The configuration is invalid:", ...problems.map((problem) => `  ${problem}`)].join("\n"));
    this.name = "ConfigError";
  }
}

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
  .refine(({ OIDC_CLIENT_ID, OIDC_ISSUER }) => OIDC_CLIENT_ID === undefined || OIDC_ISSUER !== undefined, {
    path: ["OIDC_ISSUER"],
    message: "must be set if OIDC_CLIENT_ID is set",
    when: () => true,
  })
  .refine(({ OIDC_CLIENT_ID, CONSOLE_URL }) => OIDC_CLIENT_ID === undefined || CONSOLE_URL !== undefined, {
    path: ["CONSOLE_URL"],
    message: "must be set if OIDC_CLIENT_ID is set",
    when: () => true,
  })
  .refine(({ OIDC_ISSUER, OIDC_AUDIENCE }) => OIDC_ISSUER === undefined || OIDC_AUDIENCE !== undefined, {
    path: ["OIDC_AUDIENCE"],
    message: "must be set if OIDC_ISSUER is set",
    when: () => true,
  })
  .refine(({ OIDC_ISSUER, OIDC_ROLE_MAP }) => OIDC_ISSUER === undefined || OIDC_ROLE_MAP !== undefined, {
    path: ["OIDC_ROLE_MAP"],
    message: "must be set if OIDC_ISSUER is set",
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
    trustedProxies: env.TRUSTED_PROXIES ?? noProxies,
    database: databaseOf(env.DATABASE_URL ?? `sqlite:${resolve(dataDir, "latchkey.sqlite")}`, env.DATABASE_POOL_SIZE),
    redis: env.REDIS_URL === undefined ? undefined : { url: env.REDIS_URL, prefix: env.REDIS_PREFIX },
    runsInServer: env.RUN_WORKER === "on",
    shutdownGraceSeconds: env.SHUTDOWN_GRACE_SECONDS,
    storage: storageOf(env),
    adminKey: env.ADMIN_KEY,
    oidc: oidcOf(env),
    consoleSignIn: consoleSignInOf(env),
    secretsKey: env.SECRETS_KEY,
    previousSecretsKey: env.SECRETS_KEY_PREVIOUS,
    corsOrigins: env.CORS_ORIGINS ?? [],
    allowedHosts: {
      models: env.MODEL_ALLOWED_HOSTS ?? [],
      tools: env.TOOL_ALLOWED_HOSTS ?? [],
      callbacks: env.CALLBACK_ALLOWED_HOSTS ?? [],
    },
    sessionIdleHours: env.SESSION_IDLE_HOURS,
    sessionRetentionDays: env.SESSION_RETENTION_DAYS,
    usageRetentionDays: env.USAGE_RETENTION_DAYS,
    auditRetentionDays: env.AUDIT_RETENTION_DAYS,
    keepsKeyAddresses: env.KEY_ADDRESSES === "on",
    hasConsole: env.CONSOLE === "on",
    logLevel: env.LOG_LEVEL,
    loggedRequests: env.LOG_REQUESTS,
    metrics: env.METRICS_PORT === undefined ? undefined : { host: env.METRICS_HOST, port: env.METRICS_PORT },
    limits: {
      maxBodyBytes: env.MAX_BODY_BYTES,
      maxResponseBytes: env.MAX_RESPONSE_BYTES,
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
      maxQueuedDocuments: env.MAX_QUEUED_DOCUMENTS,
      maxQueuedRuns: env.MAX_QUEUED_RUNS,
      maxRunningRuns: env.MAX_RUNNING_RUNS,
      maxConnections: env.MAX_CONNECTIONS,
      maxFailedCredentialsPerMinute: env.MAX_FAILED_CREDENTIALS_PER_MINUTE,
      maxSubscriptions: env.MAX_SUBSCRIPTIONS,
      maxWaitingExecutions: env.MAX_WAITING_EXECUTIONS,
      maxUploads: env.MAX_UPLOADS,
      maxWaitingBytes: env.MAX_WAITING_BYTES,
    },
  };
}

function consoleSignInOf({
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: clientId,
  OIDC_CLIENT_SECRET: clientSecret,
  OIDC_SCOPES: scopes,
  CONSOLE_URL: url,
}: z.output<typeof environment>): Config["consoleSignIn"] {
  return issuer !== undefined && clientId !== undefined && url !== undefined
    ? { issuer, clientId, clientSecret, scopes, redirectUrl: `${url.replace(/\/$/, "")}/callback` }
    : undefined;
}

function oidcOf({
  OIDC_ISSUER: issuer,
  OIDC_AUDIENCE: audience,
  OIDC_ROLE_CLAIM: roleClaim,
  OIDC_ROLE_MAP: roleMap,
}: z.output<typeof environment>): Config["oidc"] {
  return issuer !== undefined && audience !== undefined && roleMap
    ? { issuer, audience, roleClaim, roleMap }
    : undefined;
}

function storageOf(env: z.output<typeof environment>): StorageConfig {
  const { STORAGE_URL: location, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!location || accessKeyId === undefined || secretAccessKey === undefined) return { type: "folder" };
  return { type: "s3", location, credentials: { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN } };
}

function databaseOf(text: string, poolSize: number): DatabaseConfig {
  if (text.startsWith("sqlite:")) return { type: "sqlite", path: resolve(text.slice("sqlite:".length)) };
  const url = new URL(text);
  const caFile = url.searchParams.get("tlsCa") ?? undefined;
  const tls = url.search === "" ? undefined : { caFile: caFile === undefined ? undefined : resolve(caFile) };
  return { type: "mysql", url: text.split("?", 1).join(""), poolSize, tls };
}
