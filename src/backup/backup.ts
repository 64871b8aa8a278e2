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
import { flush, makeWhole } from "./whole-folder";

/** All pages in one go: what is written meanwhile would have SQLite begin anew after each portion. */
const allPages = 0x7fffffff;

export interface BackupSource {
  /** Of SQLite. */
  readonly databasePath: string;
  readonly dataDir: string;
  /** Whether the documents are kept there too. */
  readonly hasDocuments: boolean;
}

export interface Backup {
  /** The moment as of which it has everything. */
  readonly madeAt: Date;
  readonly documents: number;
  /** Those that were deleted while they were copied, and are not in it. */
  readonly deleted: number;
  /** Those whose bytes are missing or damaged where they were copied from. */
  readonly damaged: readonly string[];
  readonly keys: readonly string[];
}

/**
 * Copies all that a server on SQLite keeps into a folder, while it is running: a data directory to start another one on.
 *
 * The database comes first, so that everything accepted before that moment is in it; then the documents that it names.
 */
export function backUp(source: BackupSource, folder: string): Promise<Backup> {
  return makeWhole(folder, "a backup", async (draft) => {
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
    const exists = running.prepare("SELECT 1 FROM document WHERE id = ?");
    const forget = copy.prepare("DELETE FROM document WHERE id = ?");
    let deleted = 0;
    const damaged: string[] = [];
    for (const row of rows) {
      if (await copyDocument(row, from, to)) continue;
      if (exists.get(row.id)) {
        damaged.push(row.id);
      } else {
        forget.run(row.id);
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
