import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

/**
 * Runs in a thread of a worker process, whose main thread may be busy forever. Kills the process if it outgrows its
 * memory limit, the sandboxed processes of the worker if they do, and all of them if the server is gone. V8 limits only its
 * own heap, not the memory of buffers.
 */
const { maxBytes, parentPid } = workerData as { readonly maxBytes: number; readonly parentPid: number };

const intervalMs = 50;

const parentAndMemory = /^PPid:\s*(\d+)$[^]*?^VmRSS:\s*(\d+) kB$/m;

/** The sandboxed processes, by id. */
const watched = new Set<number>();
parentPort?.on("message", ({ pid, isRunning }: { readonly pid: number; readonly isRunning: boolean }) => {
  if (isRunning) watched.add(pid);
  else watched.delete(pid);
});

setInterval(() => {
  // The worker leads a process group, which its sandboxed processes belong to.
  if (process.ppid !== parentPid) process.kill(-process.pid, "SIGKILL");
  if (process.memoryUsage.rss() > maxBytes) process.kill(process.pid, "SIGKILL");
  for (const pid of watched) if (residentBytesOf(pid) > maxBytes) process.kill(pid, "SIGKILL");
}, intervalMs);

/**
 * @returns 0 if the process has ended. While the main thread is busy, an ended process stays in the list; by then its id
 *   may belong to a process, or on Linux to a thread of a process, that is not this worker's and must not be killed.
 */
function residentBytesOf(pid: number): number {
  try {
    const [parent, kilobytes] =
      process.platform === "linux"
        ? (parentAndMemory.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.slice(1) ?? [])
        : execFileSync("ps", ["-o", "ppid=,rss=", "-p", String(pid)], { encoding: "utf8" })
            .trim()
            .split(/\s+/);
    return Number(parent) === process.pid ? Number(kilobytes ?? 0) * 1_024 : 0;
  } catch {
    return 0;
  }
}
