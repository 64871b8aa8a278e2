import { setImmediate } from "node:timers/promises";

/**
 * Lets all else go first that waits, since SQLite answers at once, so that a loop of statements would keep the event
 * loop for itself.
 *
 * @throws what the signal was given with
 */
export async function breathe(stop: AbortSignal): Promise<void> {
  await setImmediate();
  stop.throwIfAborted();
}
