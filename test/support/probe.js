/**
 * Preloaded into a server under attack: measures how long its event loop was held, and the memory that it keeps.
 * Answers each message of the parent process with the figures since the one before.
 */
const { readFileSync } = require("node:fs");
const { setInterval } = require("node:timers");

const sampleIntervalMs = 5;
const memoryIntervalMs = 50;

/** The processor time of this thread. Unlike wall time, it does not grow when other processes need the processor. */
const threadMs = () => Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;

let previousMs = threadMs();
let longestHoldMs = 0;
let peakBytes = 0;

setInterval(() => {
  const nowMs = threadMs();
  longestHoldMs = Math.max(longestHoldMs, nowMs - previousMs);
  previousMs = nowMs;
}, sampleIntervalMs).unref();

const usedBytes = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, memoryIntervalMs).unref();

process.on("message", () => {
  const report = { longestHoldMs, peakBytes };
  // Twice, as the first run only queues what has finalizers.
  globalThis.gc();
  globalThis.gc();
  process.send({ ...report, keptBytes: usedBytes() });
  [longestHoldMs, peakBytes, previousMs] = [0, 0, threadMs()];
});
process.channel?.unref();
