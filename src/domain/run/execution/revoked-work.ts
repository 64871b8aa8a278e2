import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { AccessNotifier } from "../../../auth/access-notifier";
import { lostRightsOf, lostWorkOf, type StartedWork } from "../../api-key/lost-work";
import type { Outbox } from "../../callback/outbox";
import type { Database } from "../../../platform/database/database";
import type { Instance } from "../../../platform/instance/instance";
import type { RunStatus } from "../run.entity";
import type { RunExecutor } from "./run-executor";
import type { LostRuns, RunRevocations } from "./run-revocations";
import type { RunScheduler } from "./run-scheduler";
import type { RunTimings } from "./run-timings";

/** The response to a revocation waits this long for the end of the runs; the others end afterwards. */
const maxAnswerDelayMs = 900;
/** Keys per statement. */
const batchSize = 250;

/**
 * Ends what keys that have lost the permission RUN, or the permission on an agent, have under way: cancels their unfinished
 * runs and pending callbacks. It finds them in the database, so nothing is lost with a process that dies after it has
 * revoked a key: the others look every half second, a single one every second, and each looks when it starts.
 */
export class RevokedWork {
  private current: Promise<void> = Promise.resolve();
  private following: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** Its statements don't wait behind other background work, nor behind the look-ups of credentials. */
  private readonly verdicts: Database;
  /** The keys of runs that were stopped here, by run: their rows must end even if the permission is back by then. */
  private readonly stopped = new Map<string, string>();

  /** @param db the background database */
  constructor(
    private readonly db: Database,
    private readonly revocations: RunRevocations,
    private readonly scheduler: Pick<RunScheduler, "abort" | "running">,
    private readonly executor: Pick<RunExecutor, "flush">,
    private readonly outbox: Outbox,
    private readonly instance: Instance,
    private readonly timings: RunTimings,
    private readonly log: Logger,
  ) {
    this.verdicts = db.reserved.sharedBy({ appId: "runs", lane: "" });
  }

  start(accessNotifier: AccessNotifier): void {
    accessNotifier.listen(async () => {
      const ends = Promise.all([this.stopHere(), this.end()]);
      await Promise.race([ends, delay(maxAnswerDelayMs, undefined, { ref: false })]);
    });
    const { ownershipCheckIntervalMs, pollIntervalMs } = this.timings;
    // A command may revoke keys in the database of a single server, too.
    const intervalMs = this.instance.hasOthers ? ownershipCheckIntervalMs : pollIntervalMs;
    this.timer = setInterval(() => {
      void this.stopHere();
      void this.end();
    }, intervalMs).unref();
    void this.end();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.timer);
    await this.current;
  }

  /**
   * Stops the runs that execute in this process, before their rows are changed: that may take a while if many keys were
   * revoked. Never rejects.
   */
  private async stopHere(): Promise<void> {
    try {
      const lost = await lostWorkOf(this.verdicts.read, this.scheduler.running);
      for (const { id, apiKeyId } of lost) this.stopped.set(id, apiKeyId);
      this.scheduler.abort(lost.map(({ id }) => id));
    } catch (error) {
      this.log.error({ err: error }, "failed to stop the runs of revoked keys; retrying");
    }
  }

  /** Never rejects. A pass that is in progress may have missed the last change, so another one follows it. */
  private end(): Promise<void> {
    this.following ??= this.current.then(() => {
      this.following = undefined;
      return (this.current = this.pass());
    });
    return this.following;
  }

  private async pass(): Promise<void> {
    if (this.isClosed) return;
    try {
      const stopped = [...this.stopped];
      const lost = await lostRightsOf(this.db.read, await this.keysWithWork());
      const confined: string[] = [];
      for (const [apiKeyId, rights] of lost) {
        if (rights === "ALL") await this.endAllOf({ apiKeyId });
        else confined.push(apiKeyId);
      }
      for (const { apiKeyId, agentId } of await lostWorkOf(this.db.read, await this.workOf(confined)))
        await this.endAllOf({ apiKeyId, agentId });
      for (const [runId, apiKeyId] of stopped) {
        if (lost.get(apiKeyId) !== "ALL") await this.endStopped(runId, apiKeyId);
        this.stopped.delete(runId);
      }
    } catch (error) {
      this.log.error({ err: error }, "failed to end the runs of revoked keys; retrying");
      setTimeout(() => void this.end(), this.timings.pollIntervalMs).unref();
    }
  }

  private async endStopped(runId: string, apiKeyId: string): Promise<void> {
    await this.executor.flush(({ id }) => id === runId);
    await this.endRunsOf({ apiKeyId, runId }, ["RUNNING"]);
  }

  private async endAllOf(lost: LostRuns): Promise<void> {
    const { apiKeyId, agentId } = lost;
    await this.executor.flush((run) => run.apiKeyId === apiKeyId && (agentId === undefined || run.agentId === agentId));
    await this.endRunsOf(lost, ["RUNNING"]);
    while (!(await this.endRunsOf(lost)));
    while (!(await this.endCallbacksOf(lost)));
  }

  /** The unfinished work of keys whose scopes have selected agents, each agent once for a key. */
  private async workOf(keyIds: readonly string[]): Promise<StartedWork[]> {
    const work: StartedWork[] = [];
    for (let from = 0; from < keyIds.length; from += batchSize) {
      const batch = keyIds.slice(from, from + batchSize);
      const marks = batch.map(() => "?").join(", ");
      work.push(...(await this.db.read.query<StartedWork[]>(workOfKeys(marks), [...batch, ...batch])));
    }
    return work;
  }

  /** Reads index entries only. */
  private async keysWithWork(): Promise<string[]> {
    const rows = await this.db.read.query<{ apiKeyId: string }[]>(keysWithWork);
    return rows.map(({ apiKeyId }) => apiKeyId);
  }

  /** @returns false if there are more */
  private endRunsOf(lost: LostRuns, statuses?: readonly RunStatus[]): Promise<boolean> {
    return this.db.transaction(async (manager, afterCommit) => {
      const ids = await this.revocations.revokeWithin(manager, afterCommit, lost, statuses);
      afterCommit(() => this.scheduler.abort(ids));
      return ids.length === 0;
    });
  }

  /** @returns false if there are more */
  private endCallbacksOf(lost: LostRuns): Promise<boolean> {
    return this.db.transaction((manager, afterCommit) => this.outbox.cancelOfKey(manager, afterCommit, lost));
  }
}

const keysWithWork = `
  SELECT run.apiKeyId AS apiKeyId FROM run
  WHERE run.status IN ('QUEUED', 'RUNNING') AND run.apiKeyId IS NOT NULL
  UNION
  SELECT delivery.apiKeyId FROM callback_delivery AS delivery
  WHERE delivery.status = 'PENDING' AND delivery.apiKeyId IS NOT NULL`;

const workOfKeys = (marks: string) => `
  SELECT run.apiKeyId AS apiKeyId, run.agentId AS agentId FROM run
  WHERE run.status IN ('QUEUED', 'RUNNING') AND run.apiKeyId IN (${marks})
  UNION
  SELECT delivery.apiKeyId, run.agentId FROM callback_delivery AS delivery JOIN run ON run.id = delivery.runId
  WHERE delivery.status = 'PENDING' AND delivery.apiKeyId IN (${marks})`;
