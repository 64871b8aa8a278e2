import { productionTimings, type Timings } from "../../src/timings";

/** Timings for tests that wait until an instance is dead, a stream is idle, or a tool does not respond. */
export const fastTimings: Timings = {
  ...productionTimings,
  instance: { heartbeatIntervalMs: 400, deadAfterMs: 3_000, selfLostAfterMs: 2_500, takeoverRetryMs: 200 },
  streams: { heartbeatIntervalMs: 400 },
  tools: { ...productionTimings.tools, callTimeoutMs: 300 },
};
