import { randomBytes, randomUUID } from "node:crypto";
import { chmod, link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A generated key, and the path of its file. */
export interface StoredKey {
  readonly key: string;
  readonly file: string;
}

/** Generates the key (32 random bytes, readable only by the owner of the process) unless an earlier start did. */
export async function loadOrCreateKey(dataDir: string, filename: string): Promise<StoredKey> {
  const file = join(dataDir, filename);
  const key = (await loadKey(dataDir, filename)) ?? (await create(file));
  return { key, file };
}

/** @returns the key that an earlier start generated; undefined if there is none */
export async function loadKey(dataDir: string, filename: string): Promise<string | undefined> {
  const file = join(dataDir, filename);
  try {
    await chmod(file, 0o600);
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes a draft and links it, so that two concurrent first starts get the same, complete key. */
async function create(file: string): Promise<string> {
  // Not the process id, which is the same in every container.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flush: true });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft);
  }
  return (await readFile(file, "utf8")).trim();
}
