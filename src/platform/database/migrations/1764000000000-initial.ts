import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * The same statements run on SQLite, MySQL and MariaDB. MySQL commits each statement, so each can be run again after a
 * crash. Indexes are declared inside their tables and as unique indexes, the only form that all three accept. The columns
 * `live...` and `active...` are null for deleted rows, as nulls never conflict in a unique index.
 */
export class Initial1764000000000 implements MigrationInterface {
  readonly name = "Initial1764000000000";

  async up(queryRunner: QueryRunner): Promise<void> {
    const options = await tableOptions(queryRunner);
    for (const [table, columns] of Object.entries(tables)) {
      await queryRunner.query(`CREATE TABLE IF NOT EXISTS \`${table}\` (${columns}) ${options}`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of Object.keys(tables).reverse()) await queryRunner.query(`DROP TABLE \`${table}\``);
  }
}

/** Names, references and ids are compared byte by byte, including trailing spaces; only SQLite does so by default. */
export async function tableOptions(queryRunner: QueryRunner): Promise<string> {
  if (queryRunner.dataSource.options.type === "better-sqlite3") return "";

  const [{ version }] = (await queryRunner.query("SELECT VERSION() AS version")) as [{ version: string }];
  const collation = version.includes("MariaDB") ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin";
  return `ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=${collation}`;
}

const tables = {
  app: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    name VARCHAR(120) NOT NULL UNIQUE,
    description TEXT NOT NULL,
    createdAt DATETIME(3) NOT NULL`,

  scope: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    name VARCHAR(120) NOT NULL,
    description TEXT NOT NULL,
    permissionsAgents VARCHAR(16) NOT NULL,
    permissionsRuntime VARCHAR(255) NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    deletedAt DATETIME(3) NULL,
    liveName VARCHAR(120) GENERATED ALWAYS AS (CASE WHEN deletedAt IS NULL THEN name END) STORED,
    UNIQUE (appId, liveName),
    UNIQUE (appId, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,

  api_key: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    scopeId CHAR(36) NOT NULL,
    name VARCHAR(120) NOT NULL,
    hint VARCHAR(32) NOT NULL,
    digest BINARY(32) NOT NULL UNIQUE,
    createdAt DATETIME(3) NOT NULL,
    lastUsedAt DATETIME(3) NULL,
    revokedAt DATETIME(3) NULL,
    revokedBy VARCHAR(120) NULL,
    activeName VARCHAR(120) GENERATED ALWAYS AS (CASE WHEN revokedAt IS NULL THEN name END) STORED,
    UNIQUE (scopeId, activeName),
    UNIQUE (scopeId, id),
    UNIQUE (appId, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE,
    FOREIGN KEY (scopeId) REFERENCES scope (id) ON DELETE CASCADE`,

  agent: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    name VARCHAR(120) NOT NULL,
    description TEXT NOT NULL,
    instructions LONGTEXT NOT NULL,
    model VARCHAR(255) NOT NULL,
    version INT NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    updatedAt DATETIME(3) NOT NULL,
    UNIQUE (appId, name),
    UNIQUE (appId, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,

  session: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    reference VARCHAR(255) NULL,
    userReference VARCHAR(255) NULL,
    metadata LONGTEXT NULL,
    status VARCHAR(16) NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    lastActivityAt DATETIME(3) NOT NULL,
    terminatedAt DATETIME(3) NULL,
    activeReference VARCHAR(255) GENERATED ALWAYS AS (CASE WHEN terminatedAt IS NULL THEN reference END) STORED,
    UNIQUE (appId, activeReference),
    UNIQUE (appId, reference, id),
    UNIQUE (appId, userReference, id),
    UNIQUE (appId, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE`,

  document: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    sessionId CHAR(36) NOT NULL,
    filename VARCHAR(255) NOT NULL,
    mimeType VARCHAR(127) NOT NULL,
    size INT NOT NULL,
    sha256 CHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL,
    error TEXT NULL,
    createdAt DATETIME(3) NOT NULL,
    UNIQUE (sessionId, id),
    UNIQUE (appId, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE,
    FOREIGN KEY (sessionId) REFERENCES session (id) ON DELETE CASCADE`,

  run: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    appId CHAR(36) NOT NULL,
    sessionId CHAR(36) NOT NULL,
    agentId CHAR(36) NOT NULL,
    status VARCHAR(16) NOT NULL,
    input LONGTEXT NOT NULL,
    output LONGTEXT NULL,
    citations LONGTEXT NOT NULL,
    error TEXT NULL,
    \`usage\` TEXT NULL,
    eventCount INT NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    startedAt DATETIME(3) NULL,
    finishedAt DATETIME(3) NULL,
    UNIQUE (sessionId, id),
    UNIQUE (sessionId, status, id),
    UNIQUE (appId, id),
    UNIQUE (status, id),
    FOREIGN KEY (appId) REFERENCES app (id) ON DELETE CASCADE,
    FOREIGN KEY (sessionId) REFERENCES session (id) ON DELETE CASCADE`,

  run_event: `
    runId CHAR(36) NOT NULL,
    position INT NOT NULL,
    type VARCHAR(16) NOT NULL,
    text LONGTEXT NULL,
    createdAt DATETIME(3) NOT NULL,
    PRIMARY KEY (runId, position),
    FOREIGN KEY (runId) REFERENCES run (id) ON DELETE CASCADE`,

  message: `
    id CHAR(36) NOT NULL PRIMARY KEY,
    sessionId CHAR(36) NOT NULL,
    runId CHAR(36) NOT NULL,
    role VARCHAR(16) NOT NULL,
    text LONGTEXT NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    UNIQUE (sessionId, id),
    FOREIGN KEY (sessionId) REFERENCES session (id) ON DELETE CASCADE`,

  idempotency_key: `
    digest BINARY(32) NOT NULL PRIMARY KEY,
    inputDigest BINARY(32) NOT NULL,
    runId CHAR(36) NOT NULL,
    createdAt DATETIME(3) NOT NULL,
    UNIQUE (createdAt, digest)`,
};
