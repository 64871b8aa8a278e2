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
import { flush, requireFree } from "./atomic-directory";

export interface RestoreTarget {
  readonly databasePath: string;
  readonly dataDir: string;
}

export interface Restoration {
  /** Everything accepted before this time was restored. */
  readonly madeAt: string;
  readonly hasDocuments: boolean;
  readonly documents: number;
  /** The ids of documents whose files are missing or damaged. */
  readonly damaged: readonly string[];
  readonly keys: readonly string[];
}

/**
 * Copies a backup into a data directory. The database comes last, so that an interrupted restore leaves none.
 *
 * @throws {StartupError} if the folder is not a backup, if its database is damaged, or if the target is not empty
 */
export async function restore(backup: string, { databasePath, dataDir }: RestoreTarget): Promise<Restoration> {
  const description = await readDescription(backup);
  if (!description) throw new StartupError(`${backup} is not a complete backup: it has no valid backup.json.`);
  await requireFree(dataDir, "the data directory (DATA_DIR)");
  for (const suffix of ["", "-wal", "-shm"]) await requireFree(databasePath + suffix, "the database (DATABASE_URL)");

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

/** @throws {StartupError} if the database is damaged */
function documentsOf(path: string): DocumentRow[] {
  const connection = new Sqlite(path, { fileMustExist: true });
  try {
    const result = connection.pragma("quick_check", { simple: true });
    if (result !== "ok") throw new StartupError(`The database of the backup is damaged: ${String(result)}`);
    return connection.prepare<[], DocumentRow>("SELECT id, sha256, status FROM document").all();
  } finally {
    connection.close();
  }
}

/** @returns the ids of documents whose files are missing or damaged */
async function copyDocuments(rows: readonly DocumentRow[], backup: string, dataDir: string): Promise<string[]> {
  const [from, to] = [join(backup, documentsName), join(dataDir, documentsName)];
  await mkdir(to, { mode: 0o700 });
  const damaged: string[] = [];
  for (const row of rows) if (!(await copyDocument(row, from, to))) damaged.push(row.id);
  await flush(to);
  return damaged;
}
