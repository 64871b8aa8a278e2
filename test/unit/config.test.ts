import { resolve } from "node:path";
import { noProxies } from "../../src/platform/inbound/trusted-proxies";
import { ConfigError, readConfig } from "../../src/config";
import { configurationTable } from "../../src/config/variables";
import { renderConfigurationTable } from "../../src/cli/configuration-table";

const credentials = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };

const problemsOf = (variables: Record<string, string>): string[] => {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n").slice(1);
    throw error;
  }
  return [];
};

test("every variable is optional", () => {
  expect(readConfig({})).toEqual({
    host: "127.0.0.1",
    port: 4000,
    dataDir: resolve("data"),
    database: { type: "sqlite", path: resolve("data/latchkey.sqlite") },
    redis: undefined,
    runsInServer: true,
    keepsKeyAddresses: true,
    usageRetentionDays: 90,
    hasConsole: true,
    shutdownGraceSeconds: 5,
    storage: { type: "folder" },
    adminKey: undefined,
    secretsKey: undefined,
    previousSecretsKey: undefined,
    trustedProxies: noProxies,
    corsOrigins: [],
    allowedHosts: { models: [], tools: [], callbacks: [] },
    sessionIdleHours: undefined,
    sessionRetentionDays: undefined,
    auditRetentionDays: undefined,
    logLevel: "info",
    loggedRequests: "all",
    metrics: undefined,
    limits: {
      maxBodyBytes: 1_000_000,
      maxResponseBytes: 20_000_000,
      maxTokens: 2_000,
      maxDepth: 12,
      maxRootFields: 30,
      maxNodes: 10_000,
      maxPageSize: 200,
      maxTextLength: 100_000,
      maxUploadBytes: 25_000_000,
      maxSessionDocuments: 20,
      maxQueuedRuns: 20,
      maxRunningRuns: 100,
      maxReadSeconds: 60,
      maxReadMegabytes: 1_024,
      maxReadWaitSeconds: 600,
      maxQueuedDocuments: 1_000,
      maxConnections: 10_000,
      maxFailedCredentialsPerMinute: 600,
      maxSubscriptions: 4_000,
      maxWaitingExecutions: 2_000,
      maxUploads: 64,
      maxWaitingBytes: 256_000_000,
    },
  });
});

test("an empty variable counts as unset, and an unknown variable is ignored", () => {
  const names = ["PORT", "HOST", "DATA_DIR", "DATABASE_URL", "REDIS_URL", "RUN_WORKER", "ADMIN_KEY", "MAX_BODY_BYTES"];
  const empty = Object.fromEntries(names.map((name) => [name, ""]));
  expect(readConfig({ ...empty, PATH: "/bin", MAX_COFFEE: "none", ADMIN_KEY: undefined })).toEqual(readConfig({}));
});

test("a variable that is set replaces its default", () => {
  const config = readConfig({
    PORT: "0",
    HOST: "0.0.0.0",
    DATA_DIR: "/var/lib/latchkey",
    DATABASE_URL: "mysql://user:password@host:3306/name",
    DATABASE_POOL_SIZE: "20",
    REDIS_URL: "rediss://user:password@host:6380/2",
    REDIS_PREFIX: "farm-1",
    RUN_WORKER: "off",
    SHUTDOWN_GRACE_SECONDS: "60",
    ADMIN_KEY: "k".repeat(24),
    LOG_LEVEL: "trace",
    LOG_REQUESTS: "refused",
    METRICS_PORT: "9464",
    METRICS_HOST: "0.0.0.0",
    MAX_BODY_BYTES: "2000",
    MAX_RESPONSE_BYTES: "20000",
    MAX_TOKENS: "100",
    MAX_DEPTH: "3",
    MAX_ROOT_FIELDS: "4",
    MAX_NODES: "5",
    MAX_PAGE_SIZE: "6",
    MAX_TEXT_LENGTH: "7",
    MAX_UPLOAD_BYTES: "8",
    MAX_SESSION_DOCUMENTS: "9",
    MAX_QUEUED_RUNS: "0",
    MAX_RUNNING_RUNS: "15",
    MAX_CONNECTIONS: "11",
    MAX_FAILED_CREDENTIALS_PER_MINUTE: "23",
    MAX_SUBSCRIPTIONS: "17",
    MAX_WAITING_EXECUTIONS: "18",
    MAX_UPLOADS: "19",
    MAX_WAITING_BYTES: "2000000",
    MAX_READ_SECONDS: "12",
    MAX_READ_MEGABYTES: "130",
    MAX_READ_WAIT_SECONDS: "14",
    MAX_QUEUED_DOCUMENTS: "17",
    SECRETS_KEY: "00".repeat(32),
    SECRETS_KEY_PREVIOUS: Buffer.alloc(32, 1).toString("base64"),
    CORS_ORIGINS: "https://App.example.com:443, http://localhost:3000",
    MODEL_ALLOWED_HOSTS: "localhost:11434,10.0.0.5",
    TOOL_ALLOWED_HOSTS: "tools:80",
    CALLBACK_ALLOWED_HOSTS: "hooks",
    SESSION_IDLE_HOURS: "15",
    SESSION_RETENTION_DAYS: "16",
    AUDIT_RETENTION_DAYS: "17",
    KEY_ADDRESSES: "off",
    USAGE_RETENTION_DAYS: "7",
    CONSOLE: "off",
  });
  expect(config).toEqual({
    host: "0.0.0.0",
    port: 0,
    dataDir: "/var/lib/latchkey",
    database: { type: "mysql", url: "mysql://user:password@host:3306/name", poolSize: 20, tls: undefined },
    redis: { url: "rediss://user:password@host:6380/2", prefix: "farm-1" },
    runsInServer: false,
    keepsKeyAddresses: false,
    usageRetentionDays: 7,
    shutdownGraceSeconds: 60,
    storage: { type: "folder" },
    adminKey: "k".repeat(24),
    secretsKey: Buffer.alloc(32),
    previousSecretsKey: Buffer.alloc(32, 1),
    trustedProxies: noProxies,
    corsOrigins: ["https://app.example.com", "http://localhost:3000"],
    allowedHosts: {
      models: [
        { hostname: "localhost", port: 11_434 },
        { hostname: "10.0.0.5", port: undefined },
      ],
      tools: [{ hostname: "tools", port: 80 }],
      callbacks: [{ hostname: "hooks", port: undefined }],
    },
    sessionIdleHours: 15,
    sessionRetentionDays: 16,
    auditRetentionDays: 17,
    hasConsole: false,
    logLevel: "trace",
    loggedRequests: "refused",
    metrics: { host: "0.0.0.0", port: 9464 },
    limits: {
      maxBodyBytes: 2_000,
      maxResponseBytes: 20_000,
      maxTokens: 100,
      maxDepth: 3,
      maxRootFields: 4,
      maxNodes: 5,
      maxPageSize: 6,
      maxTextLength: 7,
      maxUploadBytes: 8,
      maxSessionDocuments: 9,
      maxQueuedRuns: 0,
      maxRunningRuns: 15,
      maxReadSeconds: 12,
      maxReadMegabytes: 130,
      maxReadWaitSeconds: 14,
      maxQueuedDocuments: 17,
      maxConnections: 11,
      maxFailedCredentialsPerMinute: 23,
      maxSubscriptions: 17,
      maxWaitingExecutions: 18,
      maxUploads: 19,
      maxWaitingBytes: 2_000_000,
    },
  });
});

test.each([
  ["sqlite:/tmp/a.sqlite", { type: "sqlite", path: "/tmp/a.sqlite" }],
  ["sqlite:a.sqlite", { type: "sqlite", path: resolve("a.sqlite") }],
  ["mysql://u:p@host:3306/name", { type: "mysql", url: "mysql://u:p@host:3306/name", poolSize: 10, tls: undefined }],
  ["mysql://host/name?tls=true", { type: "mysql", url: "mysql://host/name", poolSize: 10, tls: { caFile: undefined } }],
  [
    "mysql://host/name?tlsCa=certs/ca%20of%20ours.pem",
    { type: "mysql", url: "mysql://host/name", poolSize: 10, tls: { caFile: resolve("certs/ca of ours.pem") } },
  ],
])("the database URL %s is parsed", (url, database) => {
  expect(readConfig({ DATABASE_URL: url }).database).toEqual(database);
});

test.each([
  ["PORT", ["http", "-1", "65536", "80.5", "0x50", " 80", "1e3", "٤٠٠٠"]],
  [
    "DATABASE_URL",
    [
      "sqlite:",
      "sqlite::memory:",
      "sqlite://a",
      "postgres://h/n",
      "mysql://h",
      "mysql:///n",
      "mysql://h/a/b",
      "h",
      "mysql://h/n?ssl=true",
      "mysql://h/n?tls=false",
      "mysql://h/n?tls=true&tls=true",
      "mysql://h/n?tls=true&charset=latin1",
      "mysql://h/n?tlsCa=",
      "mysql://u:50%@h/n",
    ],
  ],
  [
    "REDIS_URL",
    ["redis://host:6379", "host:6379", "http://host", "redis://", "redis://h/a", "redis://h?db=1", "redis://u:50%@h"],
  ],
  ["DATABASE_POOL_SIZE", ["0", "1001", "many"]],
  ["REDIS_PREFIX", ["a:b", "a b", "a".repeat(65)]],
  ["RUN_WORKER", ["no", "off"]],
  ["SHUTDOWN_GRACE_SECONDS", ["-1", "3601"]],
  [
    "ADMIN_KEY",
    [
      "k".repeat(23),
      `latchkey_${"k".repeat(24)}`,
      "with spaces in the middle of it",
      "ключ администратора, длинный",
      `${"k".repeat(24)}\n`,
    ],
  ],
  [
    "CORS_ORIGINS",
    [
      "*",
      "null",
      "app.example.com",
      "https://app.example.com/",
      "https://app.example.com/path",
      "https://user@app.example.com",
      "https://app.example.com?",
      "https://app.example.com,",
      "https://a.example https://b.example",
      "https://*.example.com",
      "ftp://app.example.com",
      "file:///",
    ],
  ],
  ["TRUSTED_PROXIES", ["example.com", "10.0.0.0/33", "10.0.0.1 10.0.0.2"]],
  ["MAX_FAILED_CREDENTIALS_PER_MINUTE", ["0", "many"]],
  ["LOG_LEVEL", ["loud", "INFO"]],
  ["MAX_BODY_BYTES", ["0", "999", "all", "99999999999999999999"]],
  ["MAX_PAGE_SIZE", ["0", "-1"]],
  ["MAX_QUEUED_RUNS", ["-1"]],
  ["MAX_RUNNING_RUNS", ["0"]],
  ["SESSION_IDLE_HOURS", ["0", "-1", "never"]],
  ["SESSION_RETENTION_DAYS", ["0", "0.5", "100001"]],
  ["AUDIT_RETENTION_DAYS", ["0", "0.5", "100001"]],
])("an invalid value of %s is reported with the name of the variable", (name, values) => {
  for (const value of values) {
    const problems = problemsOf({ [name]: value });
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).toMatch(new RegExp(`^  ${name} must `));
  }
});

test.each([
  ["DATABASE_URL", "mysql://user:pa/ss@host:3306/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:pa#ss@host:3306/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:pa?ss@host/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:pa@ss@host/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:pa:ss@host/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:50%@host/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:50%zz@host/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:%ff@host/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://user:pa ss@host/name", "percent-encoded"],
  ["DATABASE_URL", "mysql://host:65536/name", "a port from 1 to 65535"],
  ["DATABASE_URL", "mysql://host:0/name", "a port from 1 to 65535"],
  ["DATABASE_URL", "mysql://user:password@[::1]:99999/name", "a port from 1 to 65535"],
  ["DATABASE_URL", "postgres://host/name", "begin with mysql://"],
  ["DATABASE_URL", "mariadb://host/name", "begin with mysql://"],
  ["DATABASE_URL", "host:3306/name", "begin with mysql://"],
  ["REDIS_URL", "redis://:pa/ss@host:6379", "percent-encoded"],
  ["REDIS_URL", "rediss://user:pa#ss@host:6379", "percent-encoded"],
  ["REDIS_URL", "redis://host:65536", "a port from 1 to 65535"],
  ["REDIS_URL", "http://host:6379", "begin with redis:// or rediss://"],
  ["REDIS_URL", "host:6379", "begin with redis:// or rediss://"],
  ["STORAGE_URL", "https://s3.amazonaws.com/my-bucket", "must be s3://"],
  ["STORAGE_URL", "s3://my-bucket?endpoint=http://127.0.0.1:65536", "endpoint"],
  ["PORT", "65536", "from 0 to 65535"],
])("the value of %s %s is told for what it is", (name, value, message) => {
  const problems = problemsOf({ DATABASE_URL: "mysql://host/name", ...credentials, [name]: value });
  expect(problems).toEqual([expect.stringContaining(message)]);
});

test("a password that is percent-encoded is accepted, whatever is in it", () => {
  const password = encodeURIComponent("%a:/?#[]@!$&'()*+,;= ü");
  expect(problemsOf({ DATABASE_URL: `mysql://user:${password}@[::1]:65535/name` })).toEqual([]);
  const REDIS_URL = `rediss://user:${password}@host:1/0`;
  expect(problemsOf({ DATABASE_URL: "mysql://host/name", REDIS_URL })).toEqual([]);
});

test("several instances need a database that they can share", () => {
  const REDIS_URL = "redis://host:6379";
  expect(problemsOf({ REDIS_URL, DATABASE_URL: "mysql://host/name" })).toEqual([]);
  for (const DATABASE_URL of ["", "sqlite:/tmp/a.sqlite"]) {
    expect(problemsOf({ REDIS_URL, DATABASE_URL })).toEqual([expect.stringContaining("MySQL or MariaDB")]);
  }
});

test("all problems are reported together, without the values, which may be secrets", () => {
  const problems = problemsOf({
    PORT: "swordfish",
    DATABASE_URL: "postgres://swordfish@host/name",
    REDIS_URL: "http://swordfish",
    ADMIN_KEY: "swordfish",
    LOG_LEVEL: "swordfish",
    MAX_DEPTH: "swordfish",
  });
  const names = problems.map((problem) => problem.trim().split(" ")[0]);
  expect(names).toEqual(["PORT", "DATABASE_URL", "REDIS_URL", "ADMIN_KEY", "LOG_LEVEL", "MAX_DEPTH"]);
  expect(problems.join()).not.toContain("swordfish");
});

test.each([
  [
    "s3://my-bucket",
    { prefix: "", endpoint: "https://s3.us-east-1.amazonaws.com", region: "us-east-1", pathStyle: false },
  ],
  [
    "s3://my-bucket/kept/here/?region=eu-central-1",
    {
      prefix: "kept/here/",
      endpoint: "https://s3.eu-central-1.amazonaws.com",
      region: "eu-central-1",
      pathStyle: false,
    },
  ],
  [
    "s3://my-bucket/kept?endpoint=http://127.0.0.1:9000",
    { prefix: "kept/", endpoint: "http://127.0.0.1:9000", region: "us-east-1", pathStyle: true },
  ],
  [
    "s3://my-bucket?endpoint=https%3A%2F%2Fstore.example.com&region=auto&pathStyle=false",
    { prefix: "", endpoint: "https://store.example.com", region: "auto", pathStyle: false },
  ],
])("the storage URL %s is parsed", (url, location) => {
  expect(readConfig({ STORAGE_URL: url, ...credentials }).storage).toEqual({
    type: "s3",
    location: { bucket: "my-bucket", ...location },
    credentials: { accessKeyId: "key", secretAccessKey: "secret", sessionToken: undefined },
  });
});

test.each([
  "my-bucket",
  "file:///documents",
  "https://s3.amazonaws.com/my-bucket",
  "s3://",
  "s3://My_Bucket",
  "s3://ab",
  "s3://key:secret@my-bucket",
  "s3://my-bucket:9000",
  "s3://my-bucket/a b",
  "s3://my-bucket/a//b",
  "s3://my-bucket#a",
  "s3://my-bucket?endpoint=store.example.com",
  "s3://my-bucket?endpoint=ftp://store.example.com",
  "s3://my-bucket?endpoint=https://store.example.com/path",
  "s3://my-bucket?endpoint=https://key:secret@store.example.com",
  "s3://my-bucket?region=eu%20central",
  "s3://my-bucket?region=a&region=b",
  "s3://my-bucket?pathStyle=yes",
  "s3://my-bucket?pathstyle=true",
])("the storage URL %s is rejected", (url) => {
  expect(problemsOf({ STORAGE_URL: url, ...credentials })).toEqual([
    expect.stringMatching(/^ {2}STORAGE_URL must be s3:/),
  ]);
});

test("missing credentials of the object store are reported with all other problems, and are required by nothing else", () => {
  expect(problemsOf({ STORAGE_URL: "s3://my-bucket", AWS_ACCESS_KEY_ID: "key", PORT: "http" })).toEqual([
    "  PORT must be an integer from 0 to 65535",
    "  AWS_SECRET_ACCESS_KEY must be set if STORAGE_URL is set",
  ]);
  expect(problemsOf({ STORAGE_URL: "s3://my-bucket", ...credentials, AWS_SESSION_TOKEN: "two\nlines" })).toEqual([
    "  AWS_SESSION_TOKEN must have only printable ASCII characters and no spaces",
  ]);
  expect(readConfig(credentials)).toEqual(readConfig({}));
});

test("the table of variables shows each variable, with the default that applies", () => {
  const [, , ...rows] = renderConfigurationTable().split("\n");
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  expect(cells.map(([, name]) => name)).toEqual(Object.keys(configurationTable).map((name) => `\`${name}\``));
  for (const [, , fallback, meaning] of cells) {
    expect(fallback).not.toBe("");
    expect(meaning).toMatch(/^[A-Z].*\.$/);
  }
  const defaults = Object.entries(configurationTable).flatMap(([name, { defaultValue }]) =>
    defaultValue === undefined ? [] : [[name, defaultValue]],
  );
  expect(readConfig(Object.fromEntries(defaults))).toEqual(readConfig({}));
});
