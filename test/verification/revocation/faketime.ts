import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import type { Environment } from "../../support/process";

const libraryDir = "/usr/lib";

/** Less than the shortest offset that is used. */
const minOffsetMs = 300 * 24 * 3_600_000;

/**
 * The environment variables that shift the clock of a process by an offset such as `+1y`.
 *
 * @throws {Error} if libfaketime is not installed
 */
export function faketime(offset: string): Environment {
  // Debian has one folder of libraries per architecture.
  const preload = readdirSync(libraryDir)
    .map((architecture) => join(libraryDir, architecture, "faketime", "libfaketimeMT.so.1"))
    .find(existsSync);
  if (preload === undefined) {
    throw new Error(
      `libfaketime is required, but is not in ${libraryDir}/*/faketime; on Debian, run apt-get install faketime`,
    );
  }
  return { LD_PRELOAD: preload, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
}

/** @throws {Error} if the clock of the server is not shifted */
export async function expectShiftedClock(url: string): Promise<void> {
  const { headers, body } = await request(new URL("/healthz", url));
  await body.dump();
  const offsetMs = Math.abs(Date.parse(String(headers["date"])) - Date.now());
  if (!(offsetMs > minOffsetMs)) {
    throw new Error(`libfaketime has no effect: the clock of ${url} is shifted by only ${offsetMs} ms`);
  }
}

/** Removes the shared memory that libfaketime leaves behind when its process is killed. */
export async function removeSharedMemory(pid: number): Promise<void> {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
    await rm(join("/dev/shm", name), { force: true });
}
