import { Between, In, IsNull, LessThan, Not } from "typeorm";
import type { Database } from "../database/database";
import { Run, unfinished } from "../run/run.entity";
import { StoredRunEvent } from "../run/run-event.entity";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";
import { breathe } from "./breathe";

/** How many sessions are looked for at once, and how many runs of one. */
const batch = 50;
/** How many rows one transaction removes, so that none keeps the others waiting for long. */
const rows = 1_000;

/** Removes the messages and runs of the sessions that were terminated before then. The sessions stay. */
export async function removeOldConversations(db: Database, before: Date, stop: AbortSignal): Promise<void> {
  const where = { clearedAt: IsNull(), terminatedAt: LessThan(before) };
  for (;;) {
    const order = { terminatedAt: "ASC", id: "ASC" } as const;
    const old = await db.read.find(Session, { where, select: { id: true }, order, take: batch });
    if (old.length === 0) return;
    for (const { id } of old) await clear(db, id, stop);
  }
}

async function clear(db: Database, sessionId: string, stop: AbortSignal): Promise<void> {
  for (;;) {
    await breathe(stop);
    const runs = await db.read.find(Run, {
      where: { sessionId, status: Not(In([...unfinished])) },
      select: { id: true, eventCount: true },
      order: { id: "ASC" },
      take: batch,
    });
    if (runs.length === 0) break;
    for (const few of byEvents(runs)) await removeRuns(db, few, stop);
  }
  for (;;) {
    await breathe(stop);
    const messages = await db.read.find(Message, { where: { sessionId }, select: { id: true }, take: rows });
    if (messages.length === 0) break;
    await db.transaction((manager) => manager.delete(Message, { id: In(messages.map(({ id }) => id)) }));
  }
  await db.transaction((manager) => manager.update(Session, { id: sessionId }, { clearedAt: new Date() }));
}

type Counted = Pick<Run, "id" | "eventCount">;

/** Puts runs together as long as they don't have too many events. */
function byEvents(runs: readonly Counted[]): Counted[][] {
  const groups: Counted[][] = [];
  let events = Infinity;
  for (const run of runs) {
    events += run.eventCount;
    if (events > rows) groups.push([]);
    if (events > rows) events = run.eventCount;
    groups.at(-1)?.push(run);
  }
  return groups;
}

/** With their events and callbacks, which the database removes together with a run. */
async function removeRuns(db: Database, runs: readonly Counted[], stop: AbortSignal): Promise<void> {
  for (const { id: runId, eventCount } of runs) {
    for (let from = rows; from < eventCount; from += rows) {
      await breathe(stop);
      const position = Between(from, from + rows - 1);
      await db.transaction((manager) => manager.delete(StoredRunEvent, { runId, position }));
    }
  }
  await db.transaction((manager) => manager.delete(Run, { id: In(runs.map(({ id }) => id)) }));
}
