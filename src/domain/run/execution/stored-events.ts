import { type EntityManager, In } from "typeorm";
import { PreparedInsert } from "../../../platform/database/prepared-write";
import { type RunEventType, StoredRunEvent, type StoredToolCall } from "../run-event.entity";

export interface NewEvent {
  readonly type: RunEventType;
  readonly text?: string | null;
  readonly tool?: StoredToolCall | null;
}

const insertEvents = new PreparedInsert(StoredRunEvent);

/** @param position of the first of them */
export async function storeEvents(
  manager: EntityManager,
  runId: string,
  position: number,
  events: readonly NewEvent[],
  createdAt: Date,
): Promise<void> {
  const rows = events.map(({ type, text = null, tool = null }, i) => ({
    ...{ runId, position: position + i, type, text, tool, createdAt },
  }));
  await insertEvents.run(manager, ...rows);
}

/** The output of the last attempt, or what is not void of it, in the texts of its events. */
export async function outputOf(manager: EntityManager, runId: string): Promise<string[]> {
  const where = { runId, type: In(["STARTED", "OUTPUT_VOID", "OUTPUT"]) };
  const events = await manager.find(StoredRunEvent, { where, order: { position: "ASC" } });
  const outputs = events.slice(events.findLastIndex(({ type }) => type !== "OUTPUT") + 1);
  return outputs.map(({ text }) => text ?? "");
}

/** The texts of events as the output of a run, which is null if there are none. */
export const joined = (texts: readonly string[]): string | null => (texts.length === 0 ? null : texts.join(""));
