import { EventEmitter } from "node:events";
import { WakeUp } from "../../../platform/process/wake-up";
import type { RunTimings } from "./run-timings";

/** Carries news to other instances and hears theirs. Some may get lost. */
export interface RunNotificationBus {
  send(runId: string): void;
  listen(hear: (runId: string) => void): void;
}

/**
 * Says that something happened to a run, so that who waits for it looks at once. It carries nothing and decides nothing:
 * what happened stands in the database.
 */
export class RunNotifier {
  /** Told of what other instances did to a run. */
  onRemote: (runId: string) => void = () => undefined;
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /**
   * @param stopping when it is given, everybody is told, so that nobody waits who should not any longer
   * @param relay where there are other instances
   */
  constructor(
    stopping: AbortSignal,
    private readonly timings: RunTimings,
    private readonly relay?: RunNotificationBus,
  ) {
    stopping.addEventListener("abort", () => {
      for (const runId of this.emitter.eventNames()) this.emitter.emit(runId);
    });
    relay?.listen((runId) => {
      this.emitter.emit(runId);
      this.onRemote(runId);
    });
  }

  publish(runId: string): void {
    this.emitter.emit(runId);
    this.relay?.send(runId);
  }

  watch(runId: string): RunWatch {
    return new RunWatch(this.emitter, runId, this.timings);
  }
}

/** Hears the news of one run from the moment it is made until it is closed. */
export class RunWatch {
  private readonly change = new WakeUp();
  private readonly onMessage = () => this.change.wakeUp();

  constructor(
    private readonly emitter: EventEmitter,
    private readonly runId: string,
    private readonly timings: RunTimings,
  ) {
    emitter.on(runId, this.onMessage);
  }

  /**
   * Waits until there has been news since the last call, or it is time to look anyway, or the watch is closed. Without
   * signals, as one that is made of others leaves a little of itself with each that outlives it.
   */
  changed(most = this.timings.pollIntervalMs): Promise<void> {
    return this.change.wait(Math.min(most, this.timings.pollIntervalMs));
  }

  close(): void {
    this.emitter.off(this.runId, this.onMessage);
    this.onMessage();
  }
}
