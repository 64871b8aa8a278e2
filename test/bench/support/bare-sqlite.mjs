import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { columns, table } from "./bare-table.mjs";

/** Opens the agents of the bare server in a file of SQLite, with prepared statements. */
export function openSqlite(dataDir) {
  const db = new Sqlite(join(dataDir, "bare.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(table);
  const insert = db.prepare(`INSERT INTO agent (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const byId = db.prepare(`SELECT ${columns} FROM agent WHERE id = ?`);
  const page = db.prepare(`SELECT ${columns} FROM agent WHERE id < ? ORDER BY id DESC LIMIT ?`);
  return {
    insert: (...values) => insert.run(...values),
    byId: (id) => byId.get(id),
    page: (before, count) => page.all(before, count),
  };
}
