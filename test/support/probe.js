/**
 * Preloaded into a server under attack: measures how long its event loop was held, and the memory that it keeps.
 * Answers each message of the parent process with the figures since the one before. Times are those of a processor of the
 * usual speed: some work that is always the same tells how much slower this one is.
 */
const { readFileSync } = require("node:fs");
const { setInterval } = require("node:timers");

const sampleIntervalMs = 5;
const speedIntervalMs = 200;
/** The work below takes this time on a core of 2024 that does nothing else. */
const usualWorkMs = 1.5;
const words = Array.from({ length: 2_000 }, (_, i) => `word-${i}`);
const memoryIntervalMs = 50;

/** The processor time of this thread. Unlike wall time, it does not grow when other processes need the processor. */
const threadMs = () => Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e6;

function work() {
  for (let round = 0; round < 3; round++) {
    const lengths = new Map(words.map((word) => [word, { word, length: word.length }]));
    JSON.parse(JSON.stringify([...lengths.values()]));
  }
}
// Until the compiler has optimised it.
for (let i = 0; i < 60; i++) work();

/** The kernel counts a thread's time in steps of milliseconds, so that only the mean of many samples is right. */
const maxSamples = 50;
const workMs = [];
function sampleSpeed() {
  const beganMs = threadMs();
  work();
  workMs.push(threadMs() - beganMs);
  if (workMs.length > maxSamples) workMs.shift();
}
for (let i = 0; i < maxSamples; i++) sampleSpeed();
setInterval(sampleSpeed, speedIntervalMs).unref();

const slowness = () => {
  const sum = workMs.reduce((one, other) => one + other, 0);
  return Math.max(1, sum / workMs.length / usualWorkMs);
};

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
  const report = { longestHoldMs: longestHoldMs / slowness(), peakBytes };
  // Twice, as the first run only queues what has finalizers.
  globalThis.gc();
  globalThis.gc();
  process.send({ ...report, keptBytes: usedBytes() });
  [longestHoldMs, peakBytes, previousMs] = [0, 0, threadMs()];
});
process.channel?.unref();
