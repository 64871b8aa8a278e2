import type { Logger } from "pino";

/** What else than runs takes time when a process stops, at most, in milliseconds. */
const more = 4_500;

export interface Stoppable {
  close(): Promise<void>;
}

/**
 * Starts something, and ends it and the process in order when it is told to stop.
 *
 * @param start may say before its end that there is something to be ended in order
 */
export async function runUntilStopped<Started extends Stoppable>(
  start: (begun: (started: Started) => void) => Promise<Started>,
  shutdownGraceSeconds: number,
  log: Logger,
): Promise<Started> {
  let started: Started | undefined = undefined;

  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    // Nothing was accepted yet, and what is half done is done again by the next start.
    if (!started) process.exit(0);
    log.info({ signal }, "stopping");
    setTimeout(() => process.exit(1), shutdownGraceSeconds * 1_000 + more).unref();
    started.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ err: error }, "could not stop in order");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  started = await start((begun) => (started = begun));
  return started;
}
