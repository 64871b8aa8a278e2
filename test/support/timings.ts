import { productionTimings, type Timings } from "../../src/timings";

/** Timings for tests that wait until an instance is dead, a delivery is retried, or a stream is idle. */
export const fastTimings: Timings = {
  ...productionTimings,
  instance: { heartbeatIntervalMs: 400, deadAfterMs: 3_000, selfLostAfterMs: 2_500, takeoverRetryMs: 200 },
  runs: { pollIntervalMs: 200, ownershipCheckIntervalMs: 200 },
  callbacks: {
    ...productionTimings.callbacks,
    pollIntervalMs: 200,
    leaseMs: 5_000,
    attemptTimeoutMs: 2_000,
    retryDelaysMs: [1_000, 3_000, 3_600_000],
  },
  streams: { heartbeatIntervalMs: 400 },
  tools: { ...productionTimings.tools, callTimeoutMs: 300 },
};
