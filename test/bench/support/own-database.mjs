import { randomUUID } from "node:crypto";
import { URL } from "node:url";

const databases = [];

/**
 * Makes a database on a server of MySQL or MariaDB.
 *
 * @param serverUrl its path does not count; undefined for SQLite
 * @returns the variables of a Latchkey that uses it
 */
export async function ownDatabase(serverUrl) {
  if (serverUrl === undefined) return {};
  const { default: mysql } = await import("mysql2/promise");
  const url = new URL(serverUrl);
  const name = `bench_${randomUUID().replaceAll("-", "")}`;
  url.pathname = `/${name}`;
  const connection = await mysql.createConnection({ uri: serverUrl.replace(/\/[^/]*$/, "/") });
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  databases.push(async () => {
    await connection.query(`DROP DATABASE ${name}`);
    await connection.end();
  });
  return { DATABASE_URL: url.href };
}

export const dropDatabases = () => Promise.all(databases.map((drop) => drop()));
