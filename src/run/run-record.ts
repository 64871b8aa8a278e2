import { type EntityManager, In } from "typeorm";
import type { Database } from "../database/database";
import { newId } from "../database/ids";
import type { ToolPiece } from "../model/model";
import { Message } from "../session/message.entity";
import { type Citation, Run, type RunError, RunStatus, unfinished, type Usage } from "./run.entity";
import { type RunEventType, StoredRunEvent, type StoredToolCall } from "./run-event.entity";
import type { RunNews } from "./run-news";

/** How a run ends. */
export interface Outcome {
  readonly status: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly citations?: readonly Citation[];
  readonly error?: RunError;
  readonly usage?: Usage;
}

export const failure = (code: string, message: string): Outcome => ({ status: "FAILED", error: { code, message } });

/**
 * What is written about runs. Each step is an update on the condition that the run is still where the step begins, so
 * that of several writers one wins and a final state is written once.
 */
export class RunRecord {
  constructor(
    private readonly db: Database,
    private readonly news: RunNews,
  ) {}

  /** @returns false where the run is no longer queued */
  async start(runId: string): Promise<boolean> {
    const begun = await this.db.transaction((manager) =>
      append(manager, runId, ["QUEUED"], { status: RunStatus.RUNNING, startedAt: new Date() }, "STARTED"),
    );
    this.news.publish(runId);
    return begun !== undefined;
  }

  /** @returns false where the run has ended meanwhile */
  async say(runId: string, text: string): Promise<boolean> {
    const said = await this.db.transaction((manager) => append(manager, runId, ["RUNNING"], {}, "OUTPUT", text));
    this.news.publish(runId);
    return said !== undefined;
  }

  /** @returns false where the run has ended meanwhile */
  async noteTool(runId: string, piece: ToolPiece): Promise<boolean> {
    const { callId, name } = piece;
    const [type, text, isError] =
      piece.kind === "tool call"
        ? (["TOOL_CALL", piece.arguments, false] as const)
        : (["TOOL_RESULT", piece.result, piece.isError] as const);
    const tool: StoredToolCall = { callId, name, isError };
    const noted = await this.db.transaction((manager) => append(manager, runId, ["RUNNING"], {}, type, text, tool));
    this.news.publish(runId);
    return noted !== undefined;
  }

  /** @returns false where the run has ended before */
  async end(runId: string, outcome: Outcome): Promise<boolean> {
    const ended = await this.db.transaction((manager) => this.endWithin(manager, runId, outcome));
    this.news.publish(runId);
    return ended;
  }

  /** Adds to a run that somebody else has ended what its model had taken until then. */
  async noteUsage(runId: string, usage: Usage): Promise<void> {
    await this.db.transaction((manager) => manager.update(Run, { id: runId }, { usage }));
  }

  /** Ends a run as a part of a larger change. The news is for the caller to publish, once that is done. */
  async endWithin(manager: EntityManager, runId: string, outcome: Outcome): Promise<boolean> {
    const { status, citations = [], error = null, usage = null } = outcome;
    const now = new Date();
    const changes = { status, citations: [...citations], error, usage, finishedAt: now };
    const ended = await append(manager, runId, unfinished, changes, "FINISHED");
    if (!ended) return false;

    const pieces = await manager.find(StoredRunEvent, { where: { runId, type: "OUTPUT" }, order: { position: "ASC" } });
    const output = pieces.length === 0 ? null : pieces.map(({ text }) => text).join("");
    await manager.update(Run, { id: runId }, { output });

    if (status === "SUCCEEDED") {
      const { sessionId } = ended;
      const message: Message = { id: newId(), sessionId, runId, role: "AGENT", text: output ?? "", createdAt: now };
      await manager.insert(Message, message);
    }
    return true;
  }
}

/**
 * Changes a run that is in one of these states, and adds the event that says so. The update holds the row meanwhile.
 *
 * @returns undefined where it is in another state
 */
async function append(
  manager: EntityManager,
  runId: string,
  from: readonly RunStatus[],
  changes: Partial<Run>,
  type: RunEventType,
  text: string | null = null,
  tool: StoredToolCall | null = null,
): Promise<Pick<Run, "sessionId"> | undefined> {
  const { affected } = await manager
    .createQueryBuilder()
    .update(Run)
    .set({ ...changes, eventCount: () => "eventCount + 1" })
    .where({ id: runId, status: In([...from]) })
    .execute();
  if (!affected) return undefined;

  const select = { sessionId: true, eventCount: true };
  const { sessionId, eventCount } = await manager.findOneOrFail(Run, { where: { id: runId }, select });
  await manager.insert(StoredRunEvent, { runId, position: eventCount - 1, type, text, tool, createdAt: new Date() });
  return { sessionId };
}
