import { readConfig } from "./config";
import { limitHeapGrowth } from "./platform/process/heap-growth";
import { createLog } from "./platform/process/log";
import { type RunningServer, startServer } from "./server";
import { exitWithError } from "./platform/process/startup-error";
import { runUntilStopped } from "./platform/process/shutdown";
import type { Timings } from "./timings";
import { startupBanner } from "./cli/startup-banner";

/** Starts the server with the configuration of the environment. Exits the process if it can't start. */
export const main = (timings: Timings): Promise<void> =>
  start(timings).catch((error: unknown) => exitWithError("Latchkey could not start", error));

async function start(timings: Timings): Promise<void> {
  // All files are for their owner only, even in a data directory that others can read.
  process.umask(0o077);
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  const server = await runUntilStopped<RunningServer>(
    (onListening) => startServer(config, log, {}, onListening, timings),
    config.shutdownGraceSeconds,
    log,
  );
  limitHeapGrowth();
  process.stdout.write(startupBanner(server));
}
