import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Environment } from "../../support/process";

/** Runs a command of the built program. */
export async function latchkey(environment: Environment, ...args: readonly string[]) {
  const child = spawn(process.execPath, [resolve("dist/src/latchkey.js"), ...args], {
    env: { ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { exit: child.exitCode, stdout, stderr };
}
