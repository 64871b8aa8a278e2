import "reflect-metadata";
import { readConfig } from "./config";
import { createLog } from "./log";
import { type RunningServer, startServer } from "./server";
import { giveUp } from "./start-error";
import { welcome } from "./welcome";

/** Whoever sends the signal waits ten seconds. */
const patience = 9_500;

async function main(): Promise<void> {
  // Whatever is written is for the owner alone, also into a data directory that others may look into.
  process.umask(0o077);
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  let server: RunningServer | undefined = undefined;

  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    // Nothing was accepted yet, and what is half done is done again by the next start.
    if (!server) process.exit(0);
    log.info({ signal }, "stopping");
    setTimeout(() => process.exit(1), patience).unref();
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "could not stop in order");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  server = await startServer(config, log);
  process.stdout.write(welcome(server));
}

main().catch((error: unknown) => giveUp("Latchkey could not start", error));
