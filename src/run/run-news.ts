import { EventEmitter, once } from "node:events";

/** A process that did not hear the news looks by itself after this time, in milliseconds. */
const lookAgain = 1_000;

/**
 * Says within this process that something happened to a run, so that who waits for it looks at once. It carries nothing
 * and decides nothing: what happened stands in the database.
 */
export class RunNews {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  publish(runId: string): void {
    this.emitter.emit(runId);
  }

  watch(runId: string): RunWatch {
    return new RunWatch(this.emitter, runId);
  }
}

/** Hears the news of one run from the moment it is made until it is closed. */
export class RunWatch {
  private heard = false;
  private readonly hear = () => {
    this.heard = true;
  };

  constructor(
    private readonly emitter: EventEmitter,
    private readonly runId: string,
  ) {
    emitter.on(runId, this.hear);
  }

  /** Waits until there has been news since the last call, or it is time to look anyway, or the signal is given. */
  async changed(signal: AbortSignal, most = lookAgain): Promise<void> {
    if (!this.heard) {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(Math.min(most, lookAgain))]);
      await once(this.emitter, this.runId, { signal: patience }).catch(() => undefined);
    }
    this.heard = false;
  }

  close(): void {
    this.emitter.off(this.runId, this.hear);
  }
}
