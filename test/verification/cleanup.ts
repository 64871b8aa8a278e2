import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Redirects temporary files of this process and its children to one folder, and deletes it at exit. SIGINT and SIGTERM
 * kill the children first.
 */
export function cleanUpOnExit(): void {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-verify-"));
  process.env["TMPDIR"] = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      for (const pid of childPids()) process.kill(pid, "SIGKILL");
      process.exit(128 + constants.signals[signal]);
    });
  }
}

/** Only Linux has this file; on other systems children keep running if a signal reaches only this process. */
function childPids(): number[] {
  try {
    const pids = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
    return pids.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
