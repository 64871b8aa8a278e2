import { resolve } from "node:path";
import { ConfigError, readConfig } from "../src/config";

const faultsOf = (variables: Record<string, string>): string[] => {
  try {
    readConfig(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n").slice(1);
    throw error;
  }
  return [];
};

test("without any variable the server has all it needs", () => {
  expect(readConfig({})).toEqual({
    host: "127.0.0.1",
    port: 4000,
    dataDir: resolve("data"),
    database: { type: "sqlite", path: resolve("data/latchkey.sqlite") },
    adminKey: undefined,
    secretsKey: undefined,
    previousSecretsKey: undefined,
    modelAllowedHosts: [],
    sessionIdleHours: undefined,
    sessionRetentionDays: undefined,
    logLevel: "info",
    limits: {
      maxBodyBytes: 1_000_000,
      maxTokens: 2_000,
      maxDepth: 12,
      maxRootFields: 30,
      maxNodes: 10_000,
      maxPageSize: 200,
      maxTextLength: 100_000,
      maxUploadBytes: 25_000_000,
      maxSessionDocuments: 20,
      maxQueuedRuns: 20,
      maxReadSeconds: 60,
      maxReadMegabytes: 1_024,
      maxReadWaitSeconds: 600,
      maxConnections: 10_000,
    },
  });
});

test("an empty variable is an unset one, and one that is not ours is nothing to us", () => {
  const names = ["PORT", "HOST", "DATA_DIR", "DATABASE_URL", "REDIS_URL", "ADMIN_KEY", "LOG_LEVEL", "MAX_BODY_BYTES"];
  const empty = Object.fromEntries(names.map((name) => [name, ""]));
  expect(readConfig({ ...empty, PATH: "/bin", MAX_COFFEE: "none", ADMIN_KEY: undefined })).toEqual(readConfig({}));
});

test("what is set is taken", () => {
  const config = readConfig({
    PORT: "0",
    HOST: "0.0.0.0",
    DATA_DIR: "/var/lib/latchkey",
    ADMIN_KEY: "k".repeat(24),
    LOG_LEVEL: "trace",
    MAX_BODY_BYTES: "2000",
    MAX_TOKENS: "100",
    MAX_DEPTH: "3",
    MAX_ROOT_FIELDS: "4",
    MAX_NODES: "5",
    MAX_PAGE_SIZE: "6",
    MAX_TEXT_LENGTH: "7",
    MAX_UPLOAD_BYTES: "8",
    MAX_SESSION_DOCUMENTS: "9",
    MAX_QUEUED_RUNS: "0",
    MAX_CONNECTIONS: "11",
    MAX_READ_SECONDS: "12",
    MAX_READ_MEGABYTES: "130",
    MAX_READ_WAIT_SECONDS: "14",
    SECRETS_KEY: "00".repeat(32),
    SECRETS_KEY_PREVIOUS: Buffer.alloc(32, 1).toString("base64"),
    MODEL_ALLOWED_HOSTS: "localhost:11434,10.0.0.5",
    SESSION_IDLE_HOURS: "15",
    SESSION_RETENTION_DAYS: "16",
  });
  expect(config).toEqual({
    host: "0.0.0.0",
    port: 0,
    dataDir: "/var/lib/latchkey",
    database: { type: "sqlite", path: "/var/lib/latchkey/latchkey.sqlite" },
    adminKey: "k".repeat(24),
    secretsKey: Buffer.alloc(32),
    previousSecretsKey: Buffer.alloc(32, 1),
    modelAllowedHosts: [
      { hostname: "localhost", port: 11_434 },
      { hostname: "10.0.0.5", port: undefined },
    ],
    sessionIdleHours: 15,
    sessionRetentionDays: 16,
    logLevel: "trace",
    limits: {
      maxBodyBytes: 2_000,
      maxTokens: 100,
      maxDepth: 3,
      maxRootFields: 4,
      maxNodes: 5,
      maxPageSize: 6,
      maxTextLength: 7,
      maxUploadBytes: 8,
      maxSessionDocuments: 9,
      maxQueuedRuns: 0,
      maxReadSeconds: 12,
      maxReadMegabytes: 130,
      maxReadWaitSeconds: 14,
      maxConnections: 11,
    },
  });
});

test.each([
  ["sqlite:/tmp/a.sqlite", { type: "sqlite", path: "/tmp/a.sqlite" }],
  ["sqlite:a.sqlite", { type: "sqlite", path: resolve("a.sqlite") }],
  ["mysql://user:password@host:3306/name", { type: "mysql", url: "mysql://user:password@host:3306/name" }],
])("the database %s is understood", (url, database) => {
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
      "mysql://u:50%@h/n",
    ],
  ],
  ["REDIS_URL", ["redis://host:6379"]],
  [
    "ADMIN_KEY",
    ["k".repeat(23), "with spaces in the middle of it", "ключ администратора, длинный", `${"k".repeat(24)}\n`],
  ],
  ["LOG_LEVEL", ["loud", "INFO"]],
  ["MAX_BODY_BYTES", ["0", "999", "all", "99999999999999999999"]],
  ["MAX_PAGE_SIZE", ["0", "-1"]],
  ["MAX_QUEUED_RUNS", ["-1"]],
  ["SESSION_IDLE_HOURS", ["0", "-1", "never"]],
  ["SESSION_RETENTION_DAYS", ["0", "0.5", "100001"]],
])("%s is refused by its name where it makes no sense", (name, values) => {
  for (const value of values) {
    const faults = faultsOf({ [name]: value });
    expect(faults.length).toBeGreaterThan(0);
    for (const fault of faults) expect(fault).toMatch(new RegExp(`^  ${name} must `));
  }
});

test("all faults are named at once, and none of the values, which may be secrets", () => {
  const faults = faultsOf({
    PORT: "swordfish",
    DATABASE_URL: "postgres://swordfish@host/name",
    REDIS_URL: "redis://swordfish",
    ADMIN_KEY: "swordfish",
    LOG_LEVEL: "swordfish",
    MAX_DEPTH: "swordfish",
  });
  const names = faults.map((fault) => fault.trim().split(" ")[0]);
  expect(names).toEqual(["PORT", "DATABASE_URL", "REDIS_URL", "ADMIN_KEY", "LOG_LEVEL", "MAX_DEPTH"]);
  expect(faults.join()).not.toContain("swordfish");
});
