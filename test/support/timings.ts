import { productionTimings, type Timings } from "../../src/timings";

/** Timings for tests on a busy machine: documents are READY when they are uploaded, and nothing is left to be done. */
export const testTimings: Timings = { ...productionTimings, documents: { uploadWaitMs: 30_000 } };

/** Timings for tests that wait until an instance is dead, a stream is idle, or a tool does not respond. */
export const fastTimings: Timings = {
  ...testTimings,
  instance: { heartbeatIntervalMs: 400, deadAfterMs: 3_000, selfLostAfterMs: 2_500, takeoverRetryMs: 200 },
  streams: { heartbeatIntervalMs: 400 },
  tools: { ...productionTimings.tools, callTimeoutMs: 300 },
};
