import type { Logger } from "pino";
import { Agent } from "../../agent/agent.entity";
import type { Database } from "../../../platform/database/database";
import type { Instance } from "../../../platform/instance/instance";
import { Run } from "../run.entity";
import { StoredRunEvent } from "../run-event.entity";
import type { RunEnds } from "./run-ends";
import { failure } from "./run-outcome";
import type { ClaimedRun, RunStore } from "./run-store";

/** After this many attempts an interrupted run fails. */
const maxAttempts = 3;

const interrupted = failure(
  "INTERRUPTED",
  "The server stopped, or lost its database, while this run was being executed. Execute the agent again.",
);

type InterruptedRun = ClaimedRun & Pick<Run, "agentId">;

/** Requeues or ends runs whose execution was interrupted. */
export class RunRecovery {
  constructor(
    private readonly db: Database,
    private readonly store: Pick<RunStore, "requeue" | "revokeClaim">,
    private readonly ends: Pick<RunEnds, "end">,
    private readonly instance: Instance,
    private readonly log: Logger,
  ) {}

  /** Requeues a run if its agent allows retries, and ends it otherwise. Does nothing if the claim no longer holds. */
  async interrupt(run: InterruptedRun): Promise<void> {
    if (await this.mayRetry(run)) await this.store.requeue(run);
    else await this.ends.end(run, interrupted);
  }

  /** Takes over the runs of dead instances. @returns false if it has to be called again */
  async takeOver(): Promise<boolean> {
    try {
      const running = await this.running({});
      const dead = await this.instance.deadAmong(running.map(({ workerId }) => workerId));
      let isComplete = true;
      for (const run of running.filter(({ workerId }) => dead.has(workerId))) {
        if (!(await this.takeOverOne(run))) isComplete = false;
      }
      return isComplete;
    } catch (error) {
      this.log.error({ err: error }, "failed to look for runs of dead instances; retrying");
      return false;
    }
  }

  /** The runs that this instance executes according to the database. */
  ownRuns(): Promise<Run[]> {
    return this.running({ workerId: this.instance.id });
  }

  private async takeOverOne(run: Run): Promise<boolean> {
    try {
      const claim = await this.store.revokeClaim(run);
      if (!claim) return true;
      this.log.warn({ runId: run.id, instanceId: run.workerId }, "took over a run of a dead instance");
      await this.interrupt({ ...run, ...claim });
      return true;
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "failed to take over a run of a dead instance; retrying");
      return false;
    }
  }

  private running(where: { workerId?: string }): Promise<Run[]> {
    const select = { id: true, fence: true, agentId: true, workerId: true, eventCount: true } as const;
    return this.db.read.find(Run, { where: { ...where, status: "RUNNING" }, select, order: { id: "ASC" } });
  }

  private async mayRetry({ id, agentId }: InterruptedRun): Promise<boolean> {
    const agent = await this.db.read.findOneBy(Agent, { id: agentId });
    if (agent?.onInterrupt !== "RETRY") return false;
    return (await this.db.read.countBy(StoredRunEvent, { runId: id, type: "STARTED" })) < maxAttempts;
  }
}
