import { EventEmitter } from "node:events";
import { WakeUp } from "../../../platform/process/wake-up";
import type { Run } from "../run.entity";
import type { RunTimings } from "./run-timings";

/** Exchanges notifications with other instances. Notifications may get lost. */
export interface RunNotificationBus {
  send(runId: string): void;
  listen(onMessage: (runId: string) => void): void;
}

/** The content of a notification. It is empty if it comes from another instance, or at the end of the process. */
interface Change {
  /** Whether the run goes on. */
  readonly isProgress?: boolean;
  /** The run as it has ended in this process. */
  readonly ended?: Run;
}

/**
 * Notifies waiters that a run has changed, so that they read its state immediately: the database has the state. Those that
 * wait for the end of a run in the process that ends it are handed the run, and need not read it.
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
      for (const runId of this.emitter.eventNames()) this.emitter.emit(runId, {});
    });
    bus?.listen((runId) => {
      this.emitter.emit(runId, {});
      this.onRemote(runId);
    });
  }

  /** Notifies of a run that goes on. */
  publish(runId: string): void {
    this.emit(runId, { isProgress: true });
  }

  /** @param ended the run as it is stored now, if it is known */
  publishEnd(runId: string, ended?: Run): void {
    this.emit(runId, { ...(ended && { ended }) });
  }

  /** Watches all changes of a run. */
  watch(runId: string): RunWatch {
    return new RunWatch(this.emitter, runId, this.timings, false);
  }

  /** Watches a run without the changes in this process that do not end it. */
  watchEnd(runId: string): RunWatch {
    return new RunWatch(this.emitter, runId, this.timings, true);
  }

  private emit(runId: string, change: Change): void {
    this.emitter.emit(runId, change);
    this.bus?.send(runId);
  }
}

/** Receives the notifications of one run from its construction until it is closed. */
export class RunWatch {
  /** The run as it has ended, if that happened in this process during the watch. */
  ended: Run | undefined;
  private readonly change = new WakeUp();
  private readonly onChange = ({ isProgress = false, ended }: Change) => {
    this.ended ??= ended;
    if (!(isProgress && this.endOnly)) this.change.wakeUp();
  };

  constructor(
    private readonly emitter: EventEmitter,
    private readonly runId: string,
    private readonly timings: RunTimings,
    private readonly endOnly: boolean,
  ) {
    emitter.on(runId, this.onChange);
  }

  /**
   * Waits for a notification since the last call, for the polling interval, or for the watch to be closed. It takes no
   * AbortSignal, because a combined signal leaks memory in each source signal that outlives it.
   *
   * @returns whether there was a notification, or the watch was closed
   */
  changed(maxMs = this.timings.pollIntervalMs): Promise<boolean> {
    return this.change.wait(Math.min(maxMs, this.timings.pollIntervalMs));
  }

  close(): void {
    this.emitter.off(this.runId, this.onChange);
    this.onChange({});
  }
}
