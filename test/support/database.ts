import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import type { DatabaseConfig } from "../../src/platform/database/database-config";
import { Sqlite } from "../../src/platform/sqlite";
import { copyTemplate } from "./database-template";

/**
 * Creates a database on the server at TEST_DATABASE_URL; without one, the server under test uses SQLite.
 *
 * @param options.isEmpty whether it has no tables; otherwise it has those that migrations make
 */
export async function createTestDatabase({ isEmpty = false } = {}): Promise<{
  url: string | undefined;
  drop: () => Promise<unknown>;
}> {
  const server = process.env["TEST_DATABASE_URL"];
  if (!server) return { url: undefined, drop: () => Promise.resolve() };

  const name = `latchkey_test_${randomBytes(6).toString("hex")}`;
  await onMysql(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  if (!isEmpty) await copyTemplate(url.href);
  return { url: url.href, drop: () => onMysql(server, `DROP DATABASE ${name}`) };
}

/** Runs a statement on a separate connection. @returns its rows */
export async function sqlOn(database: DatabaseConfig, statement: string): Promise<Record<string, unknown>[]> {
  if (database.type === "mysql") return onMysql(database.url, statement);
  // A server of this process could not end its transaction while SQLite waits here.
  const startedAt = performance.now();
  for (;;) {
    try {
      return onSqlite(database.path, statement);
    } catch (error) {
      const isBusy = (error as { code?: string }).code?.startsWith("SQLITE_BUSY");
      if (!isBusy || performance.now() - startedAt > busyTimeoutMs) throw error;
    }
    await delay(5);
  }
}

const busyTimeoutMs = 60_000;

function onSqlite(path: string, statement: string): Record<string, unknown>[] {
  const connection = new Sqlite(path, { timeout: 0 });
  try {
    const prepared = connection.prepare(statement);
    if (prepared.reader) return prepared.all() as Record<string, unknown>[];
    prepared.run();
    return [];
  } finally {
    connection.close();
  }
}

async function onMysql(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(statement);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  } finally {
    await connection.end();
  }
}
