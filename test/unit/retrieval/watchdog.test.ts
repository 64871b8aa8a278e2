import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";

const maxBytes = 300 * 1024 ** 2;
const watchdog = join(__dirname, "../../../dist/src/retrieval/watchdog.js");
type Child = ChildProcessByStdio<null, Readable, null>;
const processes: Child[] = [];
afterEach(() => processes.splice(0).forEach((child) => child.kill("SIGKILL")));

/** Prints a line as soon as its memory has outgrown the limit, and stays. */
const large = `const bytes = Buffer.alloc(${maxBytes} + 100 * 1024 ** 2, 1); console.log(process.pid); setInterval(() => bytes, 1e6)`;

/** Watches its own large child, and the process whose id is its argument. Prints the signal that ends its child. */
const worker = `
  const { Worker } = require("node:worker_threads");
  const { spawn } = require("node:child_process");
  const workerData = { maxBytes: ${maxBytes}, parentPid: process.ppid };
  const watchdog = new Worker(${JSON.stringify(watchdog)}, { workerData });
  watchdog.postMessage({ pid: Number(process.argv[1]), isRunning: true });
  const child = spawn(process.execPath, ["-e", ${JSON.stringify(large)}]);
  watchdog.postMessage({ pid: child.pid, isRunning: true });
  child.on("exit", (code, signal) => { console.log(signal); process.exit(); });`;

function start(script: string, ...options: string[]): Child {
  const child = spawn(process.execPath, ["-e", script, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  processes.push(child);
  return child;
}

test("a process that outgrows its memory is killed, and one that has only got the id of an ended process is not", async () => {
  const stranger = start(large);
  await once(stranger.stdout, "data");

  const [signal] = (await once(start(worker, String(stranger.pid)).stdout, "data")) as [Buffer];

  expect(String(signal).trim()).toBe("SIGKILL");
  expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null]);
});
