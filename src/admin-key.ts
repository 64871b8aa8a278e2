import { randomBytes, randomUUID } from "node:crypto";
import { chmod, link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { adminKeyFault } from "./config";

/** The administrator's key, and the file it stands in where it was not given. */
export interface AdminKey {
  readonly key: string;
  readonly file: string | undefined;
}

/** Reads the key that the first start has made, or makes it: readable by the owner of the process alone. */
export async function adminKeyIn(dataDir: string): Promise<AdminKey> {
  const file = join(dataDir, "admin.key");
  const key = (await existing(file)) ?? (await create(file));
  const fault = adminKeyFault(key);
  if (fault !== undefined) throw new Error(`the key in ${file} ${fault}; restore it, or remove the file for a new one`);
  return { key, file };
}

async function existing(file: string): Promise<string | undefined> {
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
