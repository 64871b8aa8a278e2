import "reflect-metadata";
import { ConfigError, readConfig } from "./config";
import { createLog } from "./log";
import { startServer } from "./server";
import { welcome } from "./welcome";

/** Whoever sends the signal waits ten seconds. */
const patience = 9_500;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  const server = await startServer(config, log);
  process.stdout.write(welcome(server));

  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
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
}

main().catch((error: unknown) => {
  process.stderr.write(
    error instanceof ConfigError ? `${error.message}\n` : `Latchkey could not start: ${String(error)}\n`,
  );
  process.exit(1);
});
