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

/** So many are read at once, and kept for a reader that takes its time. */
const batch = 20;

/** The events of a run behind the index `after`, those that are stored and those to come, until its last. */
export function readRunEvents(
  db: Database,
  news: RunNotifier,
  runId: string,
  after: number,
): AsyncIterableIterator<RunEvent> {
  const stop = new AbortController();
  const events = read(db, news, runId, after, stop.signal);
  return {
    next: () => events.next(),
    // A generator that waits hears of its end only when it next yields, which may be never.
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
  news: RunNotifier,
  runId: string,
  after: number,
  stop: AbortSignal,
): AsyncGenerator<RunEvent, undefined> {
  const watch = news.watch(runId);
  stop.addEventListener("abort", () => watch.close());
  try {
    let last = after;
    while (!stop.aborted) {
      const stored = await db.read.find(StoredRunEvent, {
        where: { runId, position: MoreThan(last) },
        order: { position: "ASC" },
        take: batch,
      });
      for (const event of stored) {
        last = event.position;
        yield await eventOf(db, event);
        if (event.type === "FINISHED") return;
      }
      if (stored.length > 0) continue;

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
