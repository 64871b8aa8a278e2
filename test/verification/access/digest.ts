import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { DatabaseConfig } from "../../../src/platform/database/database-config";
import { Sqlite } from "../../../src/platform/sqlite";

type Row = Readonly<Record<string, unknown>>;

/**
 * What may change without that anything was executed: when a key was last used, which is written once a minute for whoever
 * was let in. (Beats of instances would be another, but there is one instance, which has none.)
 */
const moving = new Map([["api_key", "lastUsedAt"]]);

/** All that is kept, by what it is: the rows of each table, and the files that documents are. */
export type Digest = ReadonlyMap<string, string>;

/** Looks from outside of the server at all that it keeps. */
export async function digestOf({ database, dataDir }: { database: DatabaseConfig; dataDir: string }): Promise<Digest> {
  const tables = database.type === "mysql" ? await mysqlTables(database.url) : sqliteTables(database.path);
  const digest = new Map<string, string>();
  for (const [table, rows] of tables) {
    const column = moving.get(table);
    const texts = rows.map((row) => JSON.stringify(column === undefined ? row : { ...row, [column]: undefined }));
    digest.set(`table ${table}`, `${rows.length} rows ${sha256(texts.sort().join("\n"))}`);
  }
  const folder = join(dataDir, "documents");
  for (const file of await readdir(folder)) digest.set(`file ${file}`, sha256(await readFile(join(folder, file))));
  return digest;
}

/** What the one has otherwise than the other. */
export function differences(before: Digest, after: Digest): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => `${name} was ${before.get(name) ?? "not there"}, and is ${after.get(name) ?? "not there"}`);
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
