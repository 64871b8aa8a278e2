import { productionTimings, type Timings } from "../../src/timings";

const longerThanATestMs = 600_000;

/**
 * Timings for tests on a busy machine: documents are READY when they are uploaded, and nothing is left to be done. What
 * the server does once a minute is left out, as its statements would be among those that tests count.
 */
export const testTimings: Timings = {
  ...productionTimings,
  documents: { uploadWaitMs: 30_000 },
  models: { firstRetryDelayMs: 50 },
  usage: { flushIntervalMs: longerThanATestMs },
  audit: { intervalMs: longerThanATestMs },
  events: { limitIntervalMs: longerThanATestMs },
};

/** Timings for tests that count what open connections ask the database for, or that must not be saved by the polling. */
export const timingsWithoutPolling: Timings = {
  ...testTimings,
  streams: { ...productionTimings.streams, reauthorizationIntervalMs: longerThanATestMs },
};

/** Timings for tests that wait until an instance is dead, a stream is idle, or a tool does not respond. */
export const fastTimings: Timings = {
  ...testTimings,
  instance: { heartbeatIntervalMs: 400, deadAfterMs: 3_000, selfLostAfterMs: 2_500, takeoverRetryMs: 200 },
  streams: { ...productionTimings.streams, heartbeatIntervalMs: 400 },
  tools: { ...productionTimings.tools, callTimeoutMs: 300 },
};
