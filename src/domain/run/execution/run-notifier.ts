import { EventEmitter } from "node:events";
import { WakeUp } from "../../../platform/process/wake-up";
import type { RunTimings } from "./run-timings";

/** Exchanges notifications with other instances. Notifications may get lost. */
export interface RunNotificationBus {
  send(runId: string): void;
  listen(onMessage: (runId: string) => void): void;
}

/**
 * Notifies waiters that a run has changed, so that they read its state immediately. A notification carries no data: the
 * database has the state.
 */
export class RunNotifier {
  /** Called for each notification from another instance. */
  onRemote: (runId: string) => void = () => undefined;
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /**
   * @param stopping once it is aborted, all waiters are notified so that they can end
   * @param bus undefined if this is the only instance
   */
  constructor(
    stopping: AbortSignal,
    private readonly timings: RunTimings,
    private readonly bus?: RunNotificationBus,
  ) {
    stopping.addEventListener("abort", () => {
      for (const runId of this.emitter.eventNames()) this.emitter.emit(runId);
    });
    bus?.listen((runId) => {
      this.emitter.emit(runId);
      this.onRemote(runId);
    });
  }

  publish(runId: string): void {
    this.emitter.emit(runId);
    this.bus?.send(runId);
  }

  watch(runId: string): RunWatch {
    return new RunWatch(this.emitter, runId, this.timings);
  }
}

/** Receives the notifications of one run from its construction until it is closed. */
export class RunWatch {
  private readonly change = new WakeUp();
  private readonly onChange = () => this.change.wakeUp();

  constructor(
    private readonly emitter: EventEmitter,
    private readonly runId: string,
    private readonly timings: RunTimings,
  ) {
    emitter.on(runId, this.onChange);
  }

  /**
   * Waits for a notification since the last call, for the polling interval, or for the watch to be closed. It takes no
   * AbortSignal, because a combined signal leaks memory in each source signal that outlives it.
   */
  changed(maxMs = this.timings.pollIntervalMs): Promise<void> {
    return this.change.wait(Math.min(maxMs, this.timings.pollIntervalMs));
  }

  close(): void {
    this.emitter.off(this.runId, this.onChange);
    this.onChange();
  }
}
