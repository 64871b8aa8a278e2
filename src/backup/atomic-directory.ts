import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { StartupError } from "../platform/process/startup-error";

/**
 * Creates a directory atomically: fills a temporary one and renames it. If something fails, nothing is left; if the
 * process is killed, the temporary directory is.
 *
 * @param purpose of the directory, for the error message
 * @throws {StartupError} if the path is taken
 */
export async function createAtomically<Result>(
  folder: string,
  purpose: string,
  fill: (draft: string) => Promise<Result>,
): Promise<Result> {
  await requireFree(folder, purpose);
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const draft = join(dirname(folder), `.${basename(folder)}.${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    const result = await fill(draft);
    await flushDirectories(draft);
    await rename(draft, folder);
    await flush(dirname(folder));
    return result;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** @throws {StartupError} unless nothing is at this path, or an empty directory */
export async function requireFree(path: string, purpose: string): Promise<void> {
  if (await isFree(path)) return;
  throw new StartupError(`${path} already exists and is not an empty directory. Choose another path for ${purpose}.`);
}

async function isFree(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "ENOTDIR") return false;
    throw error;
  }
}

/** An entry of a directory is only durable once the directory is flushed. */
async function flushDirectories(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of entries.filter((entry) => entry.isDirectory())) {
    await flush(join(parentPath, name));
  }
  await flush(folder);
}

/** Flushes a file or directory to the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
