import { chmod, copyFile, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { indexName } from "../platform/storage/document-storage";
import { writeHashed } from "../platform/storage/hashing-writer";
import { flush } from "./whole-folder";

/** What is where in a backup: as in a data directory, so that a copy of it is one. */
export const databaseName = "latchkey.sqlite";
export const documentsName = "documents";
export const keyNames = ["admin.key", "secrets.key"] as const;
const descriptionName = "backup.json";

/** What a backup says of itself. */
const description = z.object({
  /** The moment as of which it has everything. */
  madeAt: z.iso.datetime(),
  /** Whether it has the documents, and not only their rows. */
  hasDocuments: z.boolean(),
});
export type BackupDescription = z.output<typeof description>;

export async function writeDescription(folder: string, told: BackupDescription): Promise<void> {
  await writeFile(join(folder, descriptionName), `${JSON.stringify(told, null, 2)}\n`, { mode: 0o600, flush: true });
}

/** @returns undefined where the folder is no backup */
export async function readDescription(folder: string): Promise<BackupDescription | undefined> {
  try {
    return description.parse(JSON.parse(await readFile(join(folder, descriptionName), "utf8")));
  } catch {
    return undefined;
  }
}

/** @returns false where there is no such file */
export async function copyKey(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  await chmod(to, 0o600);
  await flush(to);
  return true;
}

/** What the row of a document says of its files. */
export interface DocumentRow {
  readonly id: string;
  readonly sha256: string;
  readonly status: string;
}

/** Copies the files that a document is to have. @returns whether all are there, and its bytes are what they were */
export async function copyDocument({ id, sha256, status }: DocumentRow, from: string, to: string): Promise<boolean> {
  // What is not read yet has no index, or half of one.
  const names = status === "READY" ? [id, indexName(id)] : [id];
  const [digest, ...others] = await Promise.all(names.map((name) => copyMeasured(join(from, name), join(to, name))));
  return digest === sha256 && !others.includes(undefined);
}

/** @returns the digest of what was copied; undefined where there is nothing */
async function copyMeasured(from: string, to: string): Promise<string | undefined> {
  try {
    const content = (await open(from)).createReadStream();
    return (await writeHashed(content, to)).sha256;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
