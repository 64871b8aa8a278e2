import { randomBytes } from "node:crypto";
import { createConnection } from "mysql2/promise";

/** A database of its own for a file of tests: on the server at TEST_DATABASE_URL, or SQLite in its data directory. */
export async function createTestDatabase(): Promise<{ url: string | undefined; drop: () => Promise<void> }> {
  const server = process.env["TEST_DATABASE_URL"];
  if (!server) return { url: undefined, drop: () => Promise.resolve() };

  const name = `latchkey_test_${randomBytes(6).toString("hex")}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(server, `DROP DATABASE ${name}`) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const connection = await createConnection(url);
  await connection.query(statement);
  await connection.end();
}
