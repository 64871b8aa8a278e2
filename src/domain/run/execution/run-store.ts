import { type EntityManager, type FindOptionsWhere, In, type QueryDeepPartialEntity } from "typeorm";
import type { Outbox } from "../../callback/outbox";
import type { Database } from "../../../platform/database/database";
import { newId } from "../../../platform/database/ids";
import type { ToolChunk } from "../../../model/model";
import { Message } from "../../session/message.entity";
import { type Citation, isFinished, Run, type RunError, RunStatus, unfinished, type Usage } from "../run.entity";
import { type RunEventType, StoredRunEvent, type StoredToolCall } from "../run-event.entity";
import type { RunErrorCode } from "../run-errors";
import type { RunNotifier } from "./run-notifier";
import { countTokens } from "../token-use";

/** How a run ends. */
export interface Outcome {
  readonly status: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly citations?: readonly Citation[];
  readonly error?: RunError;
  readonly usage?: Usage;
}

export const failure = (code: RunErrorCode, message: string): Outcome => ({
  status: "FAILED",
  error: { code, message },
});

/** A run as somebody has begun it. It is theirs until it ends, or somebody begins it again. */
export type ClaimedRun = Pick<Run, "id" | "fence">;

const stillClaimed = ({ fence }: ClaimedRun) => ({ status: RunStatus.RUNNING, fence });
const notFinished = { status: In([...unfinished]) };

/**
 * What is written about runs. Each step is an update on the condition that the run is still where the step begins, so
 * that of several writers one wins and a final state is written once. Who carries a run out writes on the condition that
 * it is still theirs: who was taken for dead, and comes back, writes nothing.
 */
export class RunStore {
  constructor(
    private readonly db: Database,
    private readonly news: RunNotifier,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Begins a run for an instance, as a part of a larger change. The news is for the caller to publish, once that is done.
   *
   * @returns the run as it is then, or undefined where it is no longer queued
   */
  async startWithin(manager: EntityManager, run: Run, workerId: string): Promise<Run | undefined> {
    const { id, fence } = run;
    const changes = { status: RunStatus.RUNNING, workerId, startedAt: new Date(), fence: fence + 1 };
    const begun = await append(manager, id, { status: RunStatus.QUEUED, fence }, changes, "STARTED");
    return begun && { ...run, ...changes };
  }

  /** @returns false where the run is no longer theirs */
  async appendOutput(run: ClaimedRun, text: string): Promise<boolean> {
    const said = await this.db.transaction((manager) => append(manager, run.id, stillClaimed(run), {}, "OUTPUT", text));
    this.news.publish(run.id);
    return said !== undefined;
  }

  /** @returns false where the run is no longer theirs */
  async appendToolEvent(run: ClaimedRun, piece: ToolChunk): Promise<boolean> {
    const { callId, name } = piece;
    const [type, text, isError] =
      piece.kind === "tool call"
        ? (["TOOL_CALL", piece.arguments, false] as const)
        : (["TOOL_RESULT", piece.result, piece.isError] as const);
    const tool: StoredToolCall = { callId, name, isError };
    const noted = await this.db.transaction((manager) =>
      append(manager, run.id, stillClaimed(run), {}, type, text, tool),
    );
    this.news.publish(run.id);
    return noted !== undefined;
  }

  /** @returns false where the run is no longer theirs */
  async end(run: ClaimedRun, outcome: Outcome): Promise<boolean> {
    const ended = await this.db.transaction((manager) => this.endWithin(manager, run.id, outcome, stillClaimed(run)));
    this.news.publish(run.id);
    this.outbox.wake();
    return ended;
  }

  /**
   * Takes a run away from whoever carries it out, so that they write nothing more about it.
   *
   * @returns the run as it is now theirs who called, or undefined where it is somebody else's
   */
  async revokeClaim(run: ClaimedRun): Promise<ClaimedRun | undefined> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(Run, { id: run.id, ...stillClaimed(run) }, { fence: run.fence + 1, workerId: null }),
    );
    return affected === 1 ? { id: run.id, fence: run.fence + 1 } : undefined;
  }

  /** Puts a run back into the queue, to be begun again. What it has said stays in its events. */
  async requeue(run: ClaimedRun): Promise<boolean> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(Run, { id: run.id, ...stillClaimed(run) }, { status: RunStatus.QUEUED, workerId: null }),
    );
    this.news.publish(run.id);
    return affected === 1;
  }

  /** Adds to a run that was ended or put back over one's head what its model had taken until then. */
  async recordUsage({ id, fence }: ClaimedRun, usage: Usage): Promise<void> {
    await this.db.transaction(async (manager) => {
      const run = await this.db.lock(manager, Run, { id, fence, status: In(["QUEUED", "CANCELLED", "FAILED"]) });
      if (!run) return;
      if (isFinished(run)) await manager.update(Run, { id }, { usage });
      await countTokens(manager, run.appId, usage.totalTokens);
    });
  }

  /**
   * Ends a run as a part of a larger change. To publish the news and to wake the outbox is for the caller, once that is
   * done.
   */
  async endWithin(
    manager: EntityManager,
    runId: string,
    outcome: Outcome,
    from: FindOptionsWhere<Run> = notFinished,
  ): Promise<boolean> {
    const { status, citations = [], error = null, usage = null } = outcome;
    const now = new Date();
    const changes = { status, citations: [...citations], error, usage, finishedAt: now };
    const ended = await append(manager, runId, from, changes, "FINISHED");
    if (!ended) return false;

    const output = await outputOf(manager, runId);
    await manager.update(Run, { id: runId }, { output });
    if (usage) await countTokens(manager, ended.appId, usage.totalTokens);

    if (status === "SUCCEEDED") {
      const { sessionId } = ended;
      const message: Message = { id: newId(), sessionId, runId, role: "AGENT", text: output ?? "", createdAt: now };
      await manager.insert(Message, message);
    }
    await this.outbox.release(manager, runId);
    return true;
  }
}

/** What a run has said since it was begun the last time. */
async function outputOf(manager: EntityManager, runId: string): Promise<string | null> {
  const where = { runId, type: In(["STARTED", "OUTPUT"]) };
  const events = await manager.find(StoredRunEvent, { where, order: { position: "ASC" } });
  const pieces = events.slice(events.findLastIndex(({ type }) => type === "STARTED") + 1);
  return pieces.length === 0 ? null : pieces.map(({ text }) => text).join("");
}

/**
 * Changes a run that is in this state, and adds the event that says so. The update holds the row meanwhile.
 *
 * @returns undefined where it is in another state
 */
async function append(
  manager: EntityManager,
  runId: string,
  from: FindOptionsWhere<Run>,
  changes: QueryDeepPartialEntity<Run>,
  type: RunEventType,
  text: string | null = null,
  tool: StoredToolCall | null = null,
): Promise<Pick<Run, "appId" | "sessionId"> | undefined> {
  const { affected } = await manager
    .createQueryBuilder()
    .update(Run)
    .set({ ...changes, eventCount: () => "eventCount + 1" })
    .where({ id: runId, ...from })
    .execute();
  if (!affected) return undefined;

  const select = { appId: true, sessionId: true, eventCount: true };
  const { appId, sessionId, eventCount } = await manager.findOneOrFail(Run, { where: { id: runId }, select });
  await manager.insert(StoredRunEvent, { runId, position: eventCount - 1, type, text, tool, createdAt: new Date() });
  return { appId, sessionId };
}
