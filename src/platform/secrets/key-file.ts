import { randomBytes, randomUUID } from "node:crypto";
import { chmod, link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A key that the server has made for itself, and the file it stands in. */
export interface StoredKey {
  readonly key: string;
  readonly file: string;
}

/** Reads the key that the first start has made, or makes it: 32 random bytes, readable by the owner of the process alone. */
export async function loadOrCreateKey(dataDir: string, filename: string): Promise<StoredKey> {
  const file = join(dataDir, filename);
  const key = (await loadKey(dataDir, filename)) ?? (await create(file));
  return { key, file };
}

/** The key that an earlier start has made, if one has. */
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

/** Written whole under another name first, so that of two first starts both have the same key and none half of it. */
async function create(file: string): Promise<string> {
  // Not by the process's number, which is the same in every container.
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
