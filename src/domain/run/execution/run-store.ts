import { type EntityManager, In } from "typeorm";
import type { AfterCommit, Database } from "../../../platform/database/database";
import { PreparedInsert, PreparedUpdate } from "../../../platform/database/prepared-write";
import type { ToolChunk } from "../../../model/model";
import { isFinished, Run, RunStatus, type Usage } from "../run.entity";
import type { RunActivity } from "../../usage/run-activity";
import { bytesOf, type ExecutedRun } from "./executed-run";
import { lockedRun } from "./locked-run";
import type { RunNotifier } from "./run-notifier";
import type { RunQueue } from "./run-queue";
import { type NewEvent, storeEvents } from "./stored-events";
import { countTokens, holdersOf } from "../token-use";

/** The columns of a run that a claim changes. */
export const startedBy = (workerId: string, { fence, eventCount }: Pick<Run, "fence" | "eventCount">) => ({
  status: RunStatus.RUNNING,
  workerId,
  startedAt: new Date(),
  fence: fence + 1,
  eventCount: eventCount + 1,
});

/** A claim on a running run. It holds until the run ends or the fence of its row changes. */
export type ClaimedRun = Pick<Run, "id" | "fence">;

export const stillClaimed = ({ fence }: ClaimedRun) => ({ status: RunStatus.RUNNING, fence });

const insertRun = new PreparedInsert(Run);

const countEvent = new PreparedUpdate(Run, {
  set: ["eventCount"],
  add: ["eventBytes"],
  where: ["id", "status", "fence", "eventCount"],
});

const startQueued = new PreparedUpdate(Run, {
  set: ["status", "workerId", "startedAt", "fence", "eventCount"],
  add: [],
  where: ["id", "status", "fence", "eventCount"],
});

/**
 * Writes the state and the events of unfinished runs; `RunEnds` writes their ends. Each step is an update on the condition
 * that the run is still in the state that the step starts from, so one of several concurrent writers wins. An instance
 * writes about the runs that it executes on the condition that its claim still holds: an instance that was taken for dead
 * and comes back writes nothing.
 *
 * After each commit the store notifies the waiters of the run and the queue.
 */
export class RunStore {
  constructor(
    private readonly db: Database,
    private readonly notifier: RunNotifier,
    private readonly queue: Pick<RunQueue, "notifyWork">,
    private readonly activity: RunActivity,
  ) {}

  /** Adds a queued run, as part of a larger transaction. */
  async insertWithin(manager: EntityManager, afterCommit: AfterCommit, run: Run): Promise<void> {
    await insertRun.run(manager, run);
    afterCommit(() => this.queue.notifyWork());
  }

  /** Adds a run that an instance begins with its acceptance, as part of a larger transaction. @returns the run as stored */
  async insertStartedWithin(manager: EntityManager, queued: Run, workerId: string): Promise<Run> {
    const run: Run = { ...queued, ...startedBy(workerId, queued), startedAt: queued.createdAt };
    await insertRun.run(manager, run);
    await storeEvents(manager, run.id, queued.eventCount, [{ type: "STARTED" }], run.createdAt);
    return run;
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
    const { id, status, fence, eventCount } = run;
    const changes = startedBy(workerId, run);
    const found = await startQueued.run(manager, { set: changes, add: {}, where: { id, status, fence, eventCount } });
    if (found === 0) return undefined;
    await storeEvents(manager, id, eventCount, [{ type: "STARTED" }], changes.startedAt);
    afterCommit(() => this.notifier.publish(id));
    return { ...run, ...changes };
  }

  /** @returns false if the claim no longer holds */
  async appendOutput(run: ExecutedRun, text: string): Promise<boolean> {
    return this.append(run, { type: "OUTPUT", text });
  }

  /** @returns false if the claim no longer holds */
  async appendReasoning(run: ExecutedRun, text: string): Promise<boolean> {
    return this.append(run, { type: "REASONING", text });
  }

  /** Makes the output of this attempt so far void. @returns false if the claim no longer holds */
  async retractOutput(run: ExecutedRun): Promise<boolean> {
    return this.append(run, { type: "OUTPUT_VOID" });
  }

  /** @returns false if the claim no longer holds */
  async appendToolEvent(run: ExecutedRun, chunk: ToolChunk): Promise<boolean> {
    const { callId, name } = chunk;
    return this.append(
      run,
      chunk.kind === "tool call"
        ? { type: "TOOL_CALL", text: chunk.arguments, tool: { callId, name, isError: false } }
        : { type: "TOOL_RESULT", text: chunk.result, tool: { callId, name, isError: chunk.isError } },
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
    await this.db.transaction(async (manager, afterCommit) => {
      const run = await this.db.lock(manager, Run, { id, fence, status: In(["QUEUED", "CANCELLED", "FAILED"]) });
      if (!run) return;
      if (isFinished(run)) await manager.update(Run, { id }, { usage });
      await countTokens(manager, run.appId, await holdersOf(manager, run), usage.totalTokens);
      afterCommit(() => this.activity.usedTokens(run, usage));
    });
  }

  private async append(run: ExecutedRun, event: NewEvent): Promise<boolean> {
    const isAppended = await this.db.transaction(async (manager, afterCommit) => {
      if (!(await this.count(manager, run, event)) && !(await this.countAnew(manager, run, event))) return false;
      await storeEvents(manager, run.id, run.eventCount, [event], new Date());
      afterCommit(() => {
        run.appended(event);
        this.notifier.publish(run.id);
      });
      return true;
    });
    return isAppended;
  }

  /** Counts an event. The update locks the row until the transaction ends. */
  private async count(manager: EntityManager, run: ExecutedRun, { text = null }: NewEvent): Promise<boolean> {
    const { id, eventCount } = run;
    const found = await countEvent.run(manager, {
      set: { eventCount: eventCount + 1 },
      add: { eventBytes: bytesOf(text) },
      where: { id, ...stillClaimed(run), eventCount },
    });
    return found === 1;
  }

  /** Likewise if the run has more events than its instance knows of. */
  private async countAnew(manager: EntityManager, run: ExecutedRun, event: NewEvent): Promise<boolean> {
    const stored = await lockedRun(this.db, manager, { id: run.id, ...stillClaimed(run) });
    if (!stored) return false;
    run.correct(stored);
    return this.count(manager, run, event);
  }
}
