import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { Sqlite } from "../platform/sqlite";
import { indexName } from "../platform/storage/document-storage";
import {
  copyDocument,
  copyKey,
  databaseName,
  type DocumentRow,
  documentsName,
  keyNames,
  writeDescription,
} from "./backup-folder";
import { createAtomically, flush } from "./atomic-directory";

/** All pages in one step: after a concurrent write, SQLite would restart a backup with several steps. */
const allPages = 0x7fffffff;

export interface BackupSource {
  readonly databasePath: string;
  readonly dataDir: string;
  /** Whether the documents are in the data directory. */
  readonly hasDocuments: boolean;
}

export interface Backup {
  /** Everything accepted before this time is in the backup. */
  readonly madeAt: Date;
  readonly documents: number;
  /** The number of documents that were deleted during the backup, and are not part of it. */
  readonly deleted: number;
  /** The ids of documents whose files are missing or damaged at the source. */
  readonly damaged: readonly string[];
  readonly keys: readonly string[];
}

/**
 * Copies the data of a server on SQLite, which may be running, into a folder that can be used as a data directory.
 *
 * Copies the database first, then the documents that it references, so that none of them is missing.
 */
export function backUp(source: BackupSource, folder: string): Promise<Backup> {
  return createAtomically(folder, "a backup", async (draft) => {
    const madeAt = new Date();
    await copyDatabase(source.databasePath, join(draft, databaseName));
    const contents = source.hasDocuments
      ? await copyDocuments(source, draft)
      : { documents: 0, deleted: 0, damaged: [] as string[] };
    const keys: string[] = [];
    for (const name of keyNames) {
      if (await copyKey(join(source.dataDir, name), join(draft, name))) keys.push(name);
    }
    await writeDescription(draft, { madeAt: madeAt.toISOString(), hasDocuments: source.hasDocuments });
    return { madeAt, ...contents, keys };
  });
}

async function copyDatabase(from: string, to: string): Promise<void> {
  const connection = open(from);
  try {
    await connection.backup(to, { progress: () => allPages });
  } finally {
    connection.close();
  }
  await flush(to);
}

async function copyDocuments(
  { dataDir, databasePath }: BackupSource,
  draft: string,
): Promise<Pick<Backup, "documents" | "deleted" | "damaged">> {
  const [from, to] = [join(dataDir, documentsName), join(draft, documentsName)];
  await mkdir(to, { mode: 0o700 });
  const copy = new Sqlite(join(draft, databaseName));
  const running = open(databasePath);
  try {
    const rows = copy.prepare<[], DocumentRow>("SELECT id, sha256, status FROM document").all();
    const isStored = running.prepare("SELECT 1 FROM document WHERE id = ?");
    const deleteRow = copy.prepare("DELETE FROM document WHERE id = ?");
    let deleted = 0;
    const damaged: string[] = [];
    for (const row of rows) {
      if (await copyDocument(row, from, to)) continue;
      if (isStored.get(row.id)) {
        damaged.push(row.id);
      } else {
        deleteRow.run(row.id);
        await Promise.all([row.id, indexName(row.id)].map((name) => rm(join(to, name), { force: true })));
        deleted += 1;
      }
    }
    return { documents: rows.length - deleted, deleted, damaged };
  } finally {
    running.close();
    copy.close();
  }
}

const open = (path: string): BetterSqlite3.Database => new Sqlite(path, { readonly: true, fileMustExist: true });
