import { execFile } from "node:child_process";
import { readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection } from "mysql2/promise";
import { readConfig } from "../../../src/config";
import { type Environment, TestProcess } from "../../support/process";
import type { SmallDisk } from "./small-disk";
import { type Row, rowsOf } from "./sqlite-rows";

/** Reads the storage of servers directly, without their API. */
export interface StorageInspector {
  readonly documentsDir: string;
  /** Executes statements, and returns the rows of each. */
  rows(statements: readonly string[]): Promise<Row[][]>;
  /** Deletes orphaned objects from the document store, of any age. */
  sweep(): Promise<void>;
}

/** @param disk holds the data directory, if it is not on an ordinary disk */
export function inspectorOf(environment: Environment, disk?: SmallDisk): StorageInspector {
  const { database } = readConfig(environment);
  const documentsDir = disk?.pathFromHere("data/documents") ?? join(environment["DATA_DIR"] ?? "", "documents");
  const launcher = disk?.launcher ?? [];
  return {
    documentsDir,
    rows: (statements) =>
      database.type === "mysql" ? mysqlRows(database.url, statements) : sqliteRows(database.path, statements, launcher),
    async sweep() {
      // The sweep skips recent files.
      for (const name of await readdir(documentsDir)) await utimes(join(documentsDir, name), 0, 0);
      const sweep = new TestProcess(environment, ["storage", "sweep"], launcher);
      await sweep.exited;
      if (sweep.exit !== 0) throw new Error(`The sweep exited with ${sweep.exit}: ${sweep.stderr}`);
    },
  };
}

async function mysqlRows(url: string, statements: readonly string[]): Promise<Row[][]> {
  const connection = await createConnection(url);
  try {
    const results: Row[][] = [];
    for (const statement of statements) results.push((await connection.query(statement))[0] as Row[]);
    return results;
  } finally {
    connection.destroy();
  }
}

/** Uses a program behind the launcher if the file is only visible there. */
async function sqliteRows(path: string, statements: readonly string[], launcher: readonly string[]): Promise<Row[][]> {
  const [command, ...options] = launcher;
  if (command === undefined) return rowsOf(path, statements);
  const args = [...options, process.execPath, require.resolve("./sqlite-rows"), path, ...statements];
  const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 1_000_000_000 });
  return JSON.parse(stdout) as Row[][];
}
