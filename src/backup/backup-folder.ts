import { chmod, copyFile, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { indexName } from "../platform/storage/document-storage";
import { writeHashed } from "../platform/storage/hashing-writer";
import { flush } from "./atomic-directory";

/** The layout of a backup equals that of a data directory, so that a server can start on it. */
export const databaseName = "latchkey.sqlite";
export const documentsName = "documents";
export const keyNames = ["admin.key", "secrets.key"] as const;
const descriptionName = "backup.json";

const description = z.object({
  /** Everything accepted before this time is in the backup. */
  madeAt: z.iso.datetime(),
  /** Whether the backup contains the documents, not only their rows. */
  hasDocuments: z.boolean(),
});
export type BackupDescription = z.output<typeof description>;

export async function writeDescription(folder: string, content: BackupDescription): Promise<void> {
  await writeFile(join(folder, descriptionName), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flush: true });
}

/** @returns undefined if the folder is not a backup */
export async function readDescription(folder: string): Promise<BackupDescription | undefined> {
  try {
    return description.parse(JSON.parse(await readFile(join(folder, descriptionName), "utf8")));
  } catch {
    return undefined;
  }
}

/** @returns false if the file does not exist */
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

export interface DocumentRow {
  readonly id: string;
  readonly sha256: string;
  readonly status: string;
}

/** Copies the files of a document. @returns false if one is missing, or if the content does not match its hash */
export async function copyDocument({ id, sha256, status }: DocumentRow, from: string, to: string): Promise<boolean> {
  // Until a document is ready, its index is missing or incomplete.
  const names = status === "READY" ? [id, indexName(id)] : [id];
  const [contentHash, ...otherHashes] = await Promise.all(
    names.map((name) => copyHashed(join(from, name), join(to, name))),
  );
  return contentHash === sha256 && !otherHashes.includes(undefined);
}

/** @returns the hash of the copied bytes; undefined if the file does not exist */
async function copyHashed(from: string, to: string): Promise<string | undefined> {
  try {
    const content = (await open(from)).createReadStream();
    return (await writeHashed(content, to)).sha256;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
