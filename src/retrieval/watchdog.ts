import { workerData } from "node:worker_threads";

/**
 * Runs in a thread of a worker process, whose main thread may be busy forever. Kills the process if it outgrows its
 * memory limit or the server is gone. V8 limits only its own heap, not the memory of buffers.
 */
const { maxBytes, parentPid } = workerData as { readonly maxBytes: number; readonly parentPid: number };

setInterval(() => {
  if (process.memoryUsage.rss() > maxBytes || process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
}, 50);
