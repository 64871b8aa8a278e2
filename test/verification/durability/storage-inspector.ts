import { execFile } from "node:child_process";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { readConfig } from "../../../src/config";
import { type Environment, TestProcess } from "../../support/process";
import type { SmallDisk } from "./small-disk";
import { type Row, rowsOf } from "./sqlite-rows";

/** Sees what servers keep without asking them. */
export interface StorageInspector {
  /** The folder of the documents. */
  readonly documents: string;
  /** The rows that each of these statements finds, or changes. */
  rows(statements: readonly string[]): Promise<Row[][]>;
  /** Removes what a crash left in the store of documents, as if it had been there for long. */
  sweep(): Promise<void>;
}

/** @param disk where the data directory is, if it is on one */
export function inspectorOf(environment: Environment, disk?: SmallDisk): StorageInspector {
  const { database } = readConfig(environment);
  const documents = disk?.pathFromHere("data/documents") ?? join(environment["DATA_DIR"] ?? "", "documents");
  const launcher = disk?.launcher ?? [];
  return {
    documents,
    rows: (statements) =>
      database.type === "mysql" ? rowsOnMysql(database.url, statements) : rowsIn(database.path, statements, launcher),
    async sweep() {
      for (const name of await readdir(documents)) await utimes(join(documents, name), 0, 0);
      const sweep = new TestProcess(environment, ["cli/sweep-storage.js"], launcher);
      await sweep.exited;
      if (sweep.exit !== 0) throw new Error(`The sweep ended with ${sweep.exit}: ${sweep.stderr}`);
    },
  };
}

async function rowsOnMysql(url: string, statements: readonly string[]): Promise<Row[][]> {
  const connection = await createConnection(url);
  try {
    const found: Row[][] = [];
    for (const statement of statements) found.push((await connection.query(statement))[0] as Row[]);
    return found;
  } finally {
    connection.destroy();
  }
}

/** Where the file can be seen elsewhere alone, by a program that is started there. */
async function rowsIn(path: string, statements: readonly string[], launcher: readonly string[]): Promise<Row[][]> {
  const [command, ...options] = launcher;
  if (command === undefined) return rowsOf(path, statements);
  const args = [...options, process.execPath, require.resolve("./sqlite-rows"), path, ...statements];
  const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 1_000_000_000 });
  return JSON.parse(stdout) as Row[][];
}
