import { copyFile, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Sqlite } from "../platform/sqlite";
import { StartupError } from "../platform/process/startup-error";
import {
  copyDocument,
  copyKey,
  databaseName,
  type DocumentRow,
  documentsName,
  keyNames,
  readDescription,
} from "./backup-folder";
import { expectFree, flush } from "./whole-folder";

export interface RestoreTarget {
  /** Of SQLite. */
  readonly databasePath: string;
  readonly dataDir: string;
}

export interface Restored {
  /** The moment as of which everything is there. */
  readonly madeAt: string;
  readonly hasDocuments: boolean;
  readonly documents: number;
  /** Those whose bytes are missing or damaged. */
  readonly damaged: readonly string[];
  readonly keys: readonly string[];
}

/**
 * Copies a backup to where a server is to start on it. The backup stays as it is. The database comes last, so that where
 * this is broken off there is none.
 *
 * @throws {StartupError} where it is no backup or a damaged one, or where there is something at that place already
 */
export async function restore(backup: string, { databasePath, dataDir }: RestoreTarget): Promise<Restored> {
  const description = await readDescription(backup);
  if (!description) throw new StartupError(`${backup} is no backup: it lacks what \`npm run backup\` writes last.`);
  await expectFree(dataDir, "the data directory (DATA_DIR)");
  for (const suffix of ["", "-wal", "-shm"]) await expectFree(databasePath + suffix, "the database (DATABASE_URL)");

  await Promise.all([dataDir, dirname(databasePath)].map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
  const draft = `${databasePath}.restoring`;
  await copyFile(join(backup, databaseName), draft);
  const rows = documentsOf(draft);
  const damaged = description.hasDocuments ? await copyDocuments(rows, backup, dataDir) : [];
  const keys: string[] = [];
  for (const name of keyNames) if (await copyKey(join(backup, name), join(dataDir, name))) keys.push(name);

  await flush(draft);
  await rename(draft, databasePath);
  await flush(dirname(databasePath));
  return { ...description, documents: rows.length - damaged.length, damaged, keys };
}

/** @throws {StartupError} where the database is damaged */
function documentsOf(path: string): DocumentRow[] {
  const connection = new Sqlite(path, { fileMustExist: true });
  try {
    const found = connection.pragma("quick_check", { simple: true });
    if (found !== "ok") throw new StartupError(`The database of the backup is damaged: ${String(found)}`);
    return connection.prepare<[], DocumentRow>("SELECT id, sha256, status FROM document").all();
  } finally {
    connection.close();
  }
}

/** @returns the ids of those that are not as they should be */
async function copyDocuments(rows: readonly DocumentRow[], backup: string, dataDir: string): Promise<string[]> {
  const [from, to] = [join(backup, documentsName), join(dataDir, documentsName)];
  await mkdir(to, { mode: 0o700 });
  const damaged: string[] = [];
  for (const row of rows) if (!(await copyDocument(row, from, to))) damaged.push(row.id);
  await flush(to);
  return damaged;
}
