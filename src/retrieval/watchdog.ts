import { workerData } from "node:worker_threads";

/**
 * Runs in a thread beside what reads, which may be busy for good, and ends the process where it has grown too large or
 * the server is gone. V8 limits its own heap, but not what buffers take.
 */
const { maxBytes, parent } = workerData as { readonly maxBytes: number; readonly parent: number };

setInterval(() => {
  if (process.memoryUsage.rss() > maxBytes || process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 50);
