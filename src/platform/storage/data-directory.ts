import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asStartupError, StalledError } from "../process/startup-error";

/** A file system that is away, such as a network drive, does not answer at all. */
const timeoutMs = 4_000;

/**
 * Creates the directory if there is none, and writes a file in it.
 *
 * @throws {StartupError} if the directory can't be used
 */
export async function prepareDataDirectory(path: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StalledError(`it did not answer within ${timeoutMs / 1_000} s`)), timeoutMs);
  });
  await Promise.race([tryToWrite(path), timeout])
    .catch(asStartupError("The data directory (DATA_DIR) can't be used"))
    .finally(() => clearTimeout(timer));
}

async function tryToWrite(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const file = join(path, `.probe-${randomUUID()}`);
  try {
    await writeFile(file, "latchkey", { mode: 0o600, flush: true });
  } finally {
    await rm(file, { force: true });
  }
}
