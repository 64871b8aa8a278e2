import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { request } from "undici";
import type { Environment } from "../../support/process";

const libraries = "/usr/lib";

/** Less than a clock is off, in milliseconds. */
const longTime = 300 * 24 * 3_600_000;

/**
 * What a process is to be told so that its clock is off by so much, such as `+1y`.
 *
 * @throws Error where libfaketime is not installed
 */
export function faketime(offset: string): Environment {
  // Debian keeps libraries by the kind of machine.
  const preload = readdirSync(libraries)
    .map((machine) => join(libraries, machine, "faketime", "libfaketimeMT.so.1"))
    .find(existsSync);
  if (preload === undefined) {
    throw new Error(`libfaketime is needed and is not in ${libraries}/*/faketime: on Debian, apt-get install faketime`);
  }
  return { LD_PRELOAD: preload, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
}

/** @throws Error where the clock of a server is right */
export async function expectFalseClock(url: string): Promise<void> {
  const { headers, body } = await request(new URL("/healthz", url));
  await body.dump();
  const off = Math.abs(Date.parse(String(headers["date"])) - Date.now());
  if (!(off > longTime)) throw new Error(`libfaketime does nothing: the clock of ${url} is off by ${off} ms alone`);
}

/** Removes what libfaketime leaves of a process that was killed. */
export async function removeTraces(pid: number): Promise<void> {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
    await rm(join("/dev/shm", name), { force: true });
}
