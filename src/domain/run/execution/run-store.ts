import { type EntityManager, type FindOptionsWhere, In, type QueryDeepPartialEntity } from "typeorm";
import type { Outbox } from "../../callback/outbox";
import type { AfterCommit, Database } from "../../../platform/database/database";
import { newId } from "../../../platform/database/ids";
import type { ToolChunk } from "../../../model/model";
import { Message } from "../../session/message.entity";
import { type Citation, isFinished, Run, type RunError, RunStatus, unfinished, type Usage } from "../run.entity";
import type { RunErrorCode } from "../run-errors";
import { type RunEventType, StoredRunEvent, type StoredToolCall } from "../run-event.entity";
import type { RunNotifier } from "./run-notifier";
import type { RunQueue } from "./run-queue";
import { countTokens } from "../token-use";

/** The final state of a run. */
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

/** A claim on a running run. It holds until the run ends or the fence of its row changes. */
export type ClaimedRun = Pick<Run, "id" | "fence">;

interface NewEvent {
  readonly type: RunEventType;
  readonly text?: string | null;
  readonly tool?: StoredToolCall | null;
}

const stillClaimed = ({ fence }: ClaimedRun) => ({ status: RunStatus.RUNNING, fence });
const notFinished = { status: In([...unfinished]) };

/**
 * Writes the state and the events of runs. Each step is an update on the condition that the run is still in the state that
 * the step starts from, so one of several concurrent writers wins and a final state is written once. An instance writes
 * about the runs that it executes on the condition that its claim still holds: an instance that was taken for dead and
 * comes back writes nothing.
 *
 * After each commit the store notifies the waiters of the run, the queue and the outbox.
 */
export class RunStore {
  constructor(
    private readonly db: Database,
    private readonly notifier: RunNotifier,
    private readonly outbox: Outbox,
    private readonly queue: Pick<RunQueue, "notifyWork">,
  ) {}

  /** Adds a queued run, as part of a larger transaction. */
  async insertWithin(manager: EntityManager, afterCommit: AfterCommit, run: Run): Promise<void> {
    await manager.insert(Run, run);
    afterCommit(() => this.queue.notifyWork());
  }

  /**
   * Claims a queued run for an instance, as part of a larger transaction.
   *
   * @returns the run in its new state, or undefined if it is no longer queued
   */
  async startWithin(
    manager: EntityManager,
    afterCommit: AfterCommit,
    run: Run,
    workerId: string,
  ): Promise<Run | undefined> {
    const { id, fence } = run;
    const changes = { status: RunStatus.RUNNING, workerId, startedAt: new Date(), fence: fence + 1 };
    const from = { status: RunStatus.QUEUED, fence };
    const started = await this.append(manager, afterCommit, id, from, changes, { type: "STARTED" });
    return started && { ...run, ...changes };
  }

  /** @returns false if the claim no longer holds */
  async appendOutput(run: ClaimedRun, text: string): Promise<boolean> {
    return this.appendClaimed(run, { type: "OUTPUT", text });
  }

  /** @returns false if the claim no longer holds */
  async appendToolEvent(run: ClaimedRun, chunk: ToolChunk): Promise<boolean> {
    const { callId, name } = chunk;
    return this.appendClaimed(
      run,
      chunk.kind === "tool call"
        ? { type: "TOOL_CALL", text: chunk.arguments, tool: { callId, name, isError: false } }
        : { type: "TOOL_RESULT", text: chunk.result, tool: { callId, name, isError: chunk.isError } },
    );
  }

  /** @returns false if the claim no longer holds */
  async end(run: ClaimedRun, outcome: Outcome): Promise<boolean> {
    return this.db.transaction((manager, afterCommit) =>
      this.endWithin(manager, afterCommit, run.id, outcome, stillClaimed(run)),
    );
  }

  /**
   * Takes a run away from the instance that executes it, which can then write nothing more about it.
   *
   * @returns the caller's claim, or undefined if the given claim no longer holds
   */
  async revokeClaim(run: ClaimedRun): Promise<ClaimedRun | undefined> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(Run, { id: run.id, ...stillClaimed(run) }, { fence: run.fence + 1, workerId: null }),
    );
    return affected === 1 ? { id: run.id, fence: run.fence + 1 } : undefined;
  }

  /** Puts a run back into the queue for another attempt. The events of this attempt stay. */
  async requeue(run: ClaimedRun): Promise<void> {
    await this.db.transaction(async (manager, afterCommit) => {
      const changes = { status: RunStatus.QUEUED, workerId: null };
      const { affected } = await manager.update(Run, { id: run.id, ...stillClaimed(run) }, changes);
      if (affected !== 1) return;
      afterCommit(() => this.notifier.publish(run.id));
      afterCommit(() => this.queue.notifyWork());
    });
  }

  /** Adds the usage of an attempt to a run that was ended or requeued before that usage was known. */
  async recordUsage({ id, fence }: ClaimedRun, usage: Usage): Promise<void> {
    await this.db.transaction(async (manager) => {
      const run = await this.db.lock(manager, Run, { id, fence, status: In(["QUEUED", "CANCELLED", "FAILED"]) });
      if (!run) return;
      if (isFinished(run)) await manager.update(Run, { id }, { usage });
      await countTokens(manager, run.appId, usage.totalTokens);
    });
  }

  /**
   * Ends a run, as part of a larger transaction.
   *
   * @returns false if the run is not in the state `from`
   */
  async endWithin(
    manager: EntityManager,
    afterCommit: AfterCommit,
    runId: string,
    outcome: Outcome,
    from: FindOptionsWhere<Run> = notFinished,
  ): Promise<boolean> {
    const { status, citations = [], error = null, usage = null } = outcome;
    const now = new Date();
    const changes = { status, citations: [...citations], error, usage, finishedAt: now };
    const ended = await this.append(manager, afterCommit, runId, from, changes, { type: "FINISHED" });
    if (!ended) return false;

    const output = await outputOf(manager, runId);
    await manager.update(Run, { id: runId }, { output });
    if (usage) await countTokens(manager, ended.appId, usage.totalTokens);

    if (status === "SUCCEEDED") {
      const { sessionId } = ended;
      const message: Message = { id: newId(), sessionId, runId, role: "AGENT", text: output ?? "", createdAt: now };
      await manager.insert(Message, message);
    }
    await this.outbox.release(manager, afterCommit, runId);
    return true;
  }

  private async appendClaimed(run: ClaimedRun, event: NewEvent): Promise<boolean> {
    const appended = await this.db.transaction((manager, afterCommit) =>
      this.append(manager, afterCommit, run.id, stillClaimed(run), {}, event),
    );
    return appended !== undefined;
  }

  /**
   * Changes a run that is in the state `from` and appends the event of that change. The update locks the row until the
   * transaction ends.
   *
   * @returns undefined if the run is in another state
   */
  private async append(
    manager: EntityManager,
    afterCommit: AfterCommit,
    runId: string,
    from: FindOptionsWhere<Run>,
    changes: QueryDeepPartialEntity<Run>,
    { type, text = null, tool = null }: NewEvent,
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
    afterCommit(() => this.notifier.publish(runId));
    return { appId, sessionId };
  }
}

/** The output of the last attempt. */
async function outputOf(manager: EntityManager, runId: string): Promise<string | null> {
  const where = { runId, type: In(["STARTED", "OUTPUT"]) };
  const events = await manager.find(StoredRunEvent, { where, order: { position: "ASC" } });
  const outputs = events.slice(events.findLastIndex(({ type }) => type === "STARTED") + 1);
  return outputs.length === 0 ? null : outputs.map(({ text }) => text).join("");
}
