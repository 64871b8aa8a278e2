import { MoreThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import { isFinished, Run } from "./run.entity";
import {
  type RunEvent,
  RunFinished,
  RunOutput,
  RunStarted,
  RunToolCall,
  RunToolResult,
  StoredRunEvent,
} from "./run-event.entity";
import type { RunNotifier } from "./execution/run-notifier";

/** How many events are read at a time, and held in memory for a slow reader. */
const batchSize = 20;

/** The events of a run after the index `after`, stored ones and new ones, up to the last. */
export function readRunEvents(
  db: Database,
  notifier: RunNotifier,
  runId: string,
  after: number,
): AsyncIterableIterator<RunEvent> {
  const stop = new AbortController();
  const events = read(db, notifier, runId, after, stop.signal);
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

async function* read(
  db: Database,
  notifier: RunNotifier,
  runId: string,
  after: number,
  stop: AbortSignal,
): AsyncGenerator<RunEvent, undefined> {
  const watch = notifier.watch(runId);
  stop.addEventListener("abort", () => watch.close());
  try {
    let last = after;
    while (!stop.aborted) {
      const batch = await db.read.find(StoredRunEvent, {
        where: { runId, position: MoreThan(last) },
        order: { position: "ASC" },
        take: batchSize,
      });
      for (const event of batch) {
        last = event.position;
        yield await eventOf(db, event);
        if (event.type === "FINISHED") return;
      }
      if (batch.length > 0) continue;

      const run = await db.read.findOneBy(Run, { id: runId });
      if (!run || (isFinished(run) && last >= run.eventCount - 1)) return;
      await watch.changed();
    }
  } finally {
    watch.close();
  }
}

async function eventOf(db: Database, stored: StoredRunEvent): Promise<RunEvent> {
  switch (stored.type) {
    case "STARTED":
      return new RunStarted(stored);
    case "OUTPUT":
      return new RunOutput(stored);
    case "TOOL_CALL":
      return new RunToolCall(stored);
    case "TOOL_RESULT":
      return new RunToolResult(stored);
    case "FINISHED":
      return new RunFinished(stored, await db.read.findOneByOrFail(Run, { id: stored.runId }));
  }
}
