import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { TestServer } from "./server";

/** Everything that a server has stored in files and in its database, as text. */
export async function storedText({ dataDir, databaseUrl }: TestServer): Promise<string> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const texts = await Promise.all(files.map((file) => readFile(file, "latin1")));
  if (databaseUrl !== undefined) {
    const connection = await createConnection(databaseUrl);
    const [tables] = await connection.query("SHOW TABLES");
    for (const table of (tables as object[]).map((row) => String(Object.values(row)[0]))) {
      texts.push(JSON.stringify((await connection.query(`SELECT * FROM \`${table}\``))[0]));
    }
    await connection.end();
  }
  return texts.join("\n");
}
