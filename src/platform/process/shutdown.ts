import type { Logger } from "pino";
import { flushSpans } from "./flush-spans";

/** The rest of a shutdown may take this time after the grace period of runs. */
const shutdownMarginMs = 4_500;

export interface Stoppable {
  close(): Promise<void>;
}

/**
 * Starts something, and closes it and exits on SIGTERM and SIGINT.
 *
 * @param start calls `onReady` as soon as there is something to close, even before it has finished
 */
export async function runUntilStopped<Started extends Stoppable>(
  start: (onReady: (started: Started) => void) => Promise<Started>,
  shutdownGraceSeconds: number,
  log: Logger,
): Promise<Started> {
  let started: Started | undefined = undefined;

  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    // No request was accepted yet, and the next start repeats everything that is incomplete.
    if (!started) process.exit(0);
    log.info({ signal }, "stopping");
    setTimeout(() => process.exit(1), shutdownGraceSeconds * 1_000 + shutdownMarginMs).unref();
    started
      .close()
      .then(flushSpans)
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.fatal({ err: error }, "failed to shut down cleanly");
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  started = await start((ready) => (started = ready));
  return started;
}
