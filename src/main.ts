import "reflect-metadata";
import { readConfig } from "./config";
import { createLog } from "./platform/process/log";
import { type RunningServer, startServer } from "./server";
import { exitWithError } from "./platform/process/startup-error";
import { runUntilStopped } from "./platform/process/shutdown";
import { productionTimings } from "./timings";
import { startupBanner } from "./cli/startup-banner";

/** Starts the server with the configuration that the environment gives. */
export async function main(timings = productionTimings): Promise<void> {
  // Whatever is written is for the owner alone, also into a data directory that others may look into.
  process.umask(0o077);
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  const server = await runUntilStopped<RunningServer>(
    (listening) => startServer(config, log, {}, listening, timings),
    config.shutdownGraceSeconds,
    log,
  );
  process.stdout.write(startupBanner(server));
}

if (require.main === module) main().catch((error: unknown) => exitWithError("Latchkey could not start", error));
