import "reflect-metadata";
import { openBackend } from "../backend";
import { readConfig } from "../config";
import { createLog } from "../log";
import { giveUp, StartError } from "../start-error";
import { untilStopped } from "../until-stopped";

/** Carries out runs beside servers, without serving anything itself. */
async function main(): Promise<void> {
  process.umask(0o077);
  const config = readConfig(process.env);
  if (!config.redis) throw new StartError("A worker needs REDIS_URL, and the DATABASE_URL of the servers.");
  const log = createLog(config.logLevel);
  const { limits, shutdownGraceSeconds } = config;

  await untilStopped(
    async () => {
      const backend = await openBackend(config, log, limits.maxRunningRuns);
      await backend.start();
      return {
        async close() {
          await backend.finish();
          await backend.close();
        },
      };
    },
    shutdownGraceSeconds,
    log,
  );
  log.info({ slots: limits.maxRunningRuns }, "the worker is ready");
}

main().catch((error: unknown) => giveUp("The worker could not start", error));
