import mysql from "mysql2/promise";
import { columns, table } from "./bare-table.mjs";

/** Opens the agents of the bare server in a database of MySQL or MariaDB, with prepared statements. */
export async function openMysql(url) {
  const pool = mysql.createPool({ uri: url, connectionLimit: 10 });
  await pool.query(table);
  const rows = async (statement, values) => (await pool.execute(statement, values))[0];
  return {
    insert: (...values) => rows(`INSERT INTO agent (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`, values),
    byId: async (id) => (await rows(`SELECT ${columns} FROM agent WHERE id = ?`, [id]))[0],
    page: (before, count) =>
      rows(`SELECT ${columns} FROM agent WHERE id < ? ORDER BY id DESC LIMIT ?`, [before, String(count)]),
  };
}
