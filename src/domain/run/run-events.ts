import { MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import type { FairShare } from "../../platform/process/fair-scheduler";
import { LoopTurns } from "../../platform/process/loop-turns";
import { Run } from "./run.entity";
import {
  type RunEvent,
  RunFinished,
  RunOutput,
  RunReasoning,
  RunStarted,
  RunToolCall,
  RunToolResult,
  StoredRunEvent,
} from "./run-event.entity";
import type { RunNotifier } from "./execution/run-notifier";
import { RunStates } from "./run-states";

const batchSize = 20;

/** A batch for a slow reader holds at most this much text in memory, but at least one event. */
const maxBatchChars = 50_000;

interface Batch {
  readonly events: readonly StoredRunEvent[];
  /** Whether there were no further events when it was read. The watch of a run tells of those since. */
  readonly isLast: boolean;
}

/** Reads the events of runs for all streams of this process, so that many readers of one run share its statements. */
export class RunEvents {
  private readonly turns = new LoopTurns();
  private readonly waiting = new Map<string, Promise<Batch>>();

  constructor(
    private readonly db: Database,
    private readonly notifier: RunNotifier,
    private readonly states: RunStates,
  ) {}

  /** The events of a run after the index `after`, stored ones and new ones, up to the last. */
  read(runId: string, after: number, share: FairShare): AsyncIterableIterator<RunEvent> {
    const stop = new AbortController();
    const events = this.follow(runId, after, share, stop.signal);
    return {
      next: () => events.next(),
      // A waiting generator would handle its return only after the next event, which may never come.
      return() {
        stop.abort();
        return events.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  private async *follow(
    runId: string,
    after: number,
    share: FairShare,
    stop: AbortSignal,
  ): AsyncGenerator<RunEvent, undefined> {
    const watch = this.notifier.watch(runId);
    const isStopped = () => stop.aborted;
    stop.addEventListener("abort", () => watch.close());
    try {
      let last = after;
      // A run that is followed notifies of what it does; otherwise it may have finished long ago.
      let isFollowed = false;
      while (!isStopped()) {
        const { events, isLast } = await this.batchAfter(runId, last, share);
        for (const event of events) {
          last = event.position;
          yield await this.eventOf(event);
          if (event.type === "FINISHED") return;
        }
        isFollowed ||= events.length > 0;
        if (!isLast) continue;

        let state = isFollowed ? undefined : await this.states.load(runId);
        for (;;) {
          if (state?.isFinished === true && last >= state.eventCount - 1) return;
          if (isStopped() || (state && last < state.eventCount - 1) || (await watch.changed())) break;
          state = await this.states.poll(runId);
          if (!state) return;
        }
        isFollowed = true;
      }
    } finally {
      watch.close();
    }
  }

  /** Readers that wait for a turn to read the same batch share it. */
  private batchAfter(runId: string, position: number, share: FairShare): Promise<Batch> {
    const key = `${runId} ${position}`;
    const shared = this.waiting.get(key);
    if (shared) return shared;
    const batch = this.turns
      .next(share)
      // A reader that is notified from now on must not share it: the statement may not see what it was notified of.
      .finally(() => this.waiting.delete(key))
      .then(() => this.load(runId, position));
    this.waiting.set(key, batch);
    return batch;
  }

  private async load(runId: string, position: number): Promise<Batch> {
    const events = await this.db.read.find(StoredRunEvent, {
      where: { runId, position: MoreThan(position) },
      order: { position: "ASC" },
      take: batchSize,
    });
    let chars = 0;
    const tooMany = events.findIndex(({ text }, index) => (chars += text?.length ?? 0) > maxBatchChars && index > 0);
    if (tooMany >= 0) return { events: events.slice(0, tooMany), isLast: false };
    return { events, isLast: events.length < batchSize };
  }

  private async eventOf(stored: StoredRunEvent): Promise<RunEvent> {
    switch (stored.type) {
      case "STARTED":
        return new RunStarted(stored);
      case "OUTPUT":
        return new RunOutput(stored);
      case "REASONING":
      case "OUTPUT_VOID":
        return new RunReasoning(stored);
      case "TOOL_CALL":
        return new RunToolCall(stored);
      case "TOOL_RESULT":
        return new RunToolResult(stored);
      case "FINISHED":
        return new RunFinished(stored, await this.db.read.findOneByOrFail(Run, { id: stored.runId }));
    }
  }
}
