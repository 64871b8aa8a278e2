import "reflect-metadata";
import { readConfig } from "./config";
import { createLog } from "./log";
import { type RunningServer, startServer } from "./server";
import { giveUp } from "./start-error";
import { untilStopped } from "./until-stopped";
import { welcome } from "./welcome";

async function main(): Promise<void> {
  // Whatever is written is for the owner alone, also into a data directory that others may look into.
  process.umask(0o077);
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  const server = await untilStopped<RunningServer>(
    (listening) => startServer(config, log, {}, listening),
    config.shutdownGraceSeconds,
    log,
  );
  process.stdout.write(welcome(server));
}

main().catch((error: unknown) => giveUp("Latchkey could not start", error));
