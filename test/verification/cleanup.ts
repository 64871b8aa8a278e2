import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Has all that is written to temporary folders from now on lie in one, and leaves nothing of it when this process ends;
 * nor of what was started, when it is told to stop.
 */
export function leaveNothing(): void {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-prove-"));
  process.env["TMPDIR"] = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      for (const pid of children()) process.kill(pid, "SIGKILL");
      process.exit(128 + constants.signals[signal]);
    });
  }
}

/** On Linux; elsewhere what was started is left to whoever has sent the signal. */
function children(): number[] {
  try {
    const pids = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
    return pids.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
