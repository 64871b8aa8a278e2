import type { Logger } from "pino";
import { Agent } from "../../agent/agent.entity";
import type { Database } from "../../../platform/database/database";
import type { Instance } from "../../../platform/instance/instance";
import { Run } from "../run.entity";
import { StoredRunEvent } from "../run-event.entity";
import type { RunQueue } from "./run-queue";
import { failure, type RunStore } from "./run-store";

/** A run that was begun so often is not begun again. */
const maxAttempts = 3;

const interrupted = failure(
  "INTERRUPTED",
  "The server was stopped, or had no database, while this run was being executed. Execute it again.",
);

type BrokenOff = Pick<Run, "id" | "fence" | "agentId">;

/** What becomes of runs that nobody carries out any longer, though they are not finished. */
export class RunRecovery {
  constructor(
    private readonly db: Database,
    private readonly record: RunStore,
    private readonly instance: Instance,
    private readonly queue: RunQueue,
    private readonly log: Logger,
  ) {}

  /** Ends a run, or has it begun again where its agent allows that. Nothing happens where it is somebody else's by now. */
  async interrupt(run: BrokenOff): Promise<void> {
    if (await this.mayRetry(run)) {
      if (await this.record.requeue(run)) this.queue.notifyWork();
    } else {
      await this.record.end(run, interrupted);
    }
  }

  /** Finds the runs of instances that are gone. @returns false where some are left as they are */
  async takeOver(): Promise<boolean> {
    try {
      const begun = await this.running({});
      const gone = await this.instance.deadAmong(begun.map(({ workerId }) => workerId));
      let areAllTaken = true;
      for (const run of begun.filter(({ workerId }) => gone.has(workerId))) {
        if (!(await this.takeOverOne(run))) areAllTaken = false;
      }
      return areAllTaken;
    } catch (error) {
      this.log.error({ err: error }, "could not look for the runs of others, trying again");
      return false;
    }
  }

  /** The runs that are this instance's by the word of the database. */
  ownRuns(): Promise<Run[]> {
    return this.running({ workerId: this.instance.id });
  }

  private async takeOverOne(run: Run): Promise<boolean> {
    try {
      const taken = await this.record.revokeClaim(run);
      if (!taken) return true;
      this.log.warn({ runId: run.id, instanceId: run.workerId }, "found a run that nobody carries out any longer");
      await this.interrupt({ ...run, ...taken });
      return true;
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "could not take over a run, trying again");
      return false;
    }
  }

  private running(where: { workerId?: string }): Promise<Run[]> {
    const select = { id: true, fence: true, agentId: true, workerId: true } as const;
    return this.db.read.find(Run, { where: { ...where, status: "RUNNING" }, select, order: { id: "ASC" } });
  }

  private async mayRetry({ id, agentId }: BrokenOff): Promise<boolean> {
    const agent = await this.db.read.findOneBy(Agent, { id: agentId });
    if (agent?.onInterrupt !== "RETRY") return false;
    return (await this.db.read.countBy(StoredRunEvent, { runId: id, type: "STARTED" })) < maxAttempts;
  }
}
