import { type EntityManager, In } from "typeorm";
import { addUsage } from "../../app/app-usage";
import type { Outbox } from "../../callback/outbox";
import type { AfterCommit, Database } from "../../../platform/database/database";
import type { RunActivity } from "../../usage/run-activity";
import { Run, type RunError, RunStatus, unfinished } from "../run.entity";
import { StoredRunEvent } from "../run-event.entity";
import { bytesOf } from "./executed-run";
import type { RunNotifier } from "./run-notifier";
import { joined, outputOf } from "./stored-events";

/** Runs per transaction. */
const maxRevoked = 100;

const accessRevoked: RunError = {
  code: "ACCESS_REVOKED",
  message: "The API key that started this run was revoked, or its scope no longer grants RUN, or not on this agent.",
};

/** The runs that a key has started, or those with one agent, or one of them. */
export interface LostRuns {
  readonly apiKeyId: string;
  readonly agentId?: string;
  readonly runId?: string;
}

/** Ends the runs of keys that have lost the permission to run. */
export class RunRevocations {
  constructor(
    private readonly db: Database,
    private readonly notifier: RunNotifier,
    private readonly outbox: Outbox,
    private readonly activity: RunActivity,
  ) {}

  /**
   * Cancels unfinished runs of a key that has lost the permission to run, or with one agent, as part of a larger
   * transaction.
   *
   * @param statuses in which the runs are
   * @returns their ids: 100 at most, so there may be more
   */
  async revokeWithin(
    manager: EntityManager,
    afterCommit: AfterCommit,
    { apiKeyId, agentId, runId }: LostRuns,
    statuses: readonly RunStatus[] = unfinished,
  ): Promise<string[]> {
    // By an index in the order of the status, QUEUED before RUNNING, so that a run that starts meanwhile is not missed.
    const where = {
      apiKeyId,
      status: In([...statuses]),
      ...(agentId !== undefined && { agentId }),
      ...(runId !== undefined && { id: runId }),
    };
    const select = { id: true, appId: true, agentId: true, eventCount: true, eventBytes: true } as const;
    const runs = await this.db.lockMany(manager, Run, { where, select, take: maxRevoked });
    const ids = runs.map(({ id }) => id);
    if (ids.length === 0) return [];

    const finishedAt = new Date();
    const changes = { status: RunStatus.CANCELLED, error: accessRevoked, finishedAt };
    await manager
      .createQueryBuilder()
      .update(Run)
      .set({ ...changes, eventCount: () => "eventCount + 1" })
      .where({ id: In(ids) })
      .execute();
    const events = runs.map(({ id, eventCount }) => ({
      ...{ runId: id, position: eventCount, type: "FINISHED" as const },
      ...{ text: null, tool: null, createdAt: finishedAt },
    }));
    await manager.insert(StoredRunEvent, events);
    let messageBytes = 0;
    for (const { id, eventCount, eventBytes = 0 } of runs) {
      if (eventCount === 0) continue;
      const output = joined(await outputOf(manager, id));
      const addedBytes = eventBytes + bytesOf(output);
      await storeOutput(manager, id, output, addedBytes);
      messageBytes += addedBytes;
    }
    await this.outbox.cancelOfRuns(manager, ids);
    const [{ appId } = { appId: "" }] = runs;
    await addUsage(manager, appId, { messageBytes });
    afterCommit(() => {
      for (const run of runs) {
        this.activity.ended({ ...run, apiKeyId }, "CANCELLED");
        this.notifier.publishEnd(run.id);
      }
    });
    return ids;
  }
}

/** @param addedBytes what the end of the run adds to what the app's usage has of it */
async function storeOutput(
  manager: EntityManager,
  id: string,
  output: string | null,
  addedBytes: number,
): Promise<void> {
  await manager
    .createQueryBuilder()
    .update(Run)
    .set({ output, countedBytes: () => "countedBytes + :addedBytes" })
    .where({ id })
    .setParameters({ addedBytes })
    .execute();
}
