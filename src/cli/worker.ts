import { openBackend } from "../backend";
import { readConfig } from "../config";
import { Metrics } from "../platform/metrics/metrics";
import { openMetricsServer } from "../platform/metrics/metrics-server";
import { limitHeapGrowth } from "../platform/process/heap-growth";
import { createLog } from "../platform/process/log";
import { exitWithError, StartupError } from "../platform/process/startup-error";
import type { Timings } from "../timings";
import { runUntilStopped } from "../platform/process/shutdown";

/** Executes runs for servers; has no API. Exits the process if it can't start. */
export const main = (timings: Timings): Promise<void> =>
  start(timings).catch((error: unknown) => exitWithError("The worker could not start", error));

async function start(timings: Timings): Promise<void> {
  process.umask(0o077);
  const config = readConfig(process.env);
  if (!config.redis) throw new StartupError("A worker needs REDIS_URL, and the same DATABASE_URL as the servers.");
  const log = createLog(config.logLevel);
  const { limits, shutdownGraceSeconds } = config;

  await runUntilStopped(
    async () => {
      const backend = await openBackend(config, log, limits.maxRunningRuns, {}, timings);
      const closeMetrics = await openMetricsServer(new Metrics(backend.metrics, log), config.metrics);
      await backend.start();
      return {
        async close() {
          await backend.drain();
          closeMetrics();
          await backend.close();
        },
      };
    },
    shutdownGraceSeconds,
    log,
  );
  limitHeapGrowth();
  log.info({ slots: limits.maxRunningRuns }, "the worker is ready");
}
