import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { DatabaseConfig } from "../../../src/platform/database/database-config";
import { Sqlite } from "../../../src/platform/sqlite";

type Row = Readonly<Record<string, unknown>>;

/** Columns that change although no operation is executed: authentication updates the last use once a minute. */
const volatileColumns = new Map([
  ["api_key", ["lastUsedAt", "lastUsedFrom", "lastActiveAt"]],
  ["console_session", ["lastSeenAt"]],
]);

/**
 * Tables that change likewise: once a minute, requests are counted, also those that were refused, and the heads of the
 * audit log are signed. A head has the hash of the last entry, which may be that of a refusal.
 */
const volatileTables = new Set(["usage_requests", "usage_runs", "usage_operation", "audit_head", "audit_signed_head"]);

/** Rows that are added likewise: the audit log has an entry a minute for refusals. */
const isVolatileRow = (table: string, { action }: Row): boolean =>
  table === "audit_entry" && String(action).startsWith("REFUSE_");

/** A summary of each table and a hash of each document file, by name. */
export type Digest = ReadonlyMap<string, string>;

/** Reads all stored data directly, not through the server. */
export async function digestOf({ database, dataDir }: { database: DatabaseConfig; dataDir: string }): Promise<Digest> {
  const tables = database.type === "mysql" ? await mysqlTables(database.url) : sqliteTables(database.path);
  const digest = new Map<string, string>();
  for (const [table, rows] of tables) {
    if (volatileTables.has(table)) continue;
    const ignored = Object.fromEntries((volatileColumns.get(table) ?? []).map((column) => [column, undefined]));
    const texts = rows.filter((row) => !isVolatileRow(table, row)).map((row) => JSON.stringify({ ...row, ...ignored }));
    digest.set(`table ${table}`, `${texts.length} rows ${sha256(texts.sort().join("\n"))}`);
  }
  const folder = join(dataDir, "documents");
  for (const file of await readdir(folder)) digest.set(`file ${file}`, sha256(await readFile(join(folder, file))));
  return digest;
}

export function differences(before: Digest, after: Digest): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} was ${before.get(name) ?? "absent"} and is ${after.get(name) ?? "absent"}`);
}

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

function sqliteTables(path: string): Map<string, Row[]> {
  const connection = new Sqlite(path, { readonly: true });
  try {
    const names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
    return new Map(names.map((name) => [name, connection.prepare(`SELECT * FROM "${name}"`).all() as Row[]]));
  } finally {
    connection.close();
  }
}

async function mysqlTables(url: string): Promise<Map<string, Row[]>> {
  const connection = await createConnection({ uri: url, dateStrings: true });
  try {
    const [names] = await connection.query("SHOW TABLES");
    const tables = new Map<string, Row[]>();
    for (const name of (names as Record<string, string>[]).flatMap((row) => Object.values(row))) {
      const [rows] = await connection.query(`SELECT * FROM \`${name}\``);
      tables.set(name, rows as Row[]);
    }
    return tables;
  } finally {
    await connection.end();
  }
}
