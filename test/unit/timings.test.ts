import { productionTimings } from "../../src/timings";

test("production waits exactly this long", () => {
  expect(productionTimings).toEqual({
    instance: { heartbeatIntervalMs: 2_000, deadAfterMs: 12_000, selfLostAfterMs: 10_000, takeoverRetryMs: 1_000 },
    documents: { uploadWaitMs: 1_000 },
    runs: { pollIntervalMs: 1_000, ownershipCheckIntervalMs: 500 },
    callbacks: {
      pollIntervalMs: 1_000,
      leaseMs: 45_000,
      attemptTimeoutMs: 15_000,
      shutdownGraceMs: 3_000,
      retryDelaysMs: [5_000, 30_000, 120_000, 600_000, 3_600_000, 7_200_000, 14_400_000],
      retryWindowMs: 86_400_000,
    },
    streams: { heartbeatIntervalMs: 15_000, reauthorizationIntervalMs: 500 },
    models: { firstRetryDelayMs: 500 },
    tools: { openTimeoutMs: 10_000, callTimeoutMs: 30_000, closeTimeoutMs: 2_000 },
    usage: { flushIntervalMs: 60_000 },
    audit: { intervalMs: 60_000 },
    events: { limitIntervalMs: 60_000 },
  });
});

test("an instance notices that it is lost before the others expire it, and a lease outlives its attempt", () => {
  const { instance, callbacks } = productionTimings;
  expect(instance.selfLostAfterMs + instance.heartbeatIntervalMs / 2).toBeLessThan(instance.deadAfterMs);
  expect(callbacks.attemptTimeoutMs * 2).toBeLessThan(callbacks.leaseMs);
});
