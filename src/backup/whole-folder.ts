import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { StartupError } from "../platform/process/startup-error";

/**
 * Makes a folder that is there whole or not at all, whatever stops the process meanwhile: under another name first, which
 * it has in vain where something went wrong.
 *
 * @param purpose what the folder is to be, for people
 * @throws {StartupError} where there is something at its place already
 */
export async function makeWhole<Result>(
  folder: string,
  purpose: string,
  fill: (draft: string) => Promise<Result>,
): Promise<Result> {
  await expectFree(folder, purpose);
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const draft = join(dirname(folder), `.${basename(folder)}.${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    const result = await fill(draft);
    await flushFolders(draft);
    await rename(draft, folder);
    await flush(dirname(folder));
    return result;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** @throws {StartupError} where there is something at this place that is not an empty folder */
export async function expectFree(path: string, purpose: string): Promise<void> {
  if (await isFree(path)) return;
  throw new StartupError(`${path} is there already, and is not an empty folder. Name another place for ${purpose}.`);
}

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return true;
    if (code === "ENOTDIR") return false;
    throw error;
  }
}

/** What a folder has is only kept for good once the folder is. */
async function flushFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const { parentPath, name } of entries.filter((entry) => entry.isDirectory())) {
    await flush(join(parentPath, name));
  }
  await flush(folder);
}

/** Waits until what was written is on the medium. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
