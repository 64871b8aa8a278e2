import { type EntityManager, type FindOptionsWhere, In } from "typeorm";
import { addUsage } from "../../app/app-usage";
import type { Outbox } from "../../callback/outbox";
import type { AfterCommit, Database } from "../../../platform/database/database";
import { newId } from "../../../platform/database/ids";
import { PreparedInsert, PreparedUpdate } from "../../../platform/database/prepared-write";
import { Message } from "../../session/message.entity";
import type { RunActivity } from "../../usage/run-activity";
import { Run, unfinished } from "../run.entity";
import { countTokens, holdersOf } from "../token-use";
import { bytesOf, type ExecutedRun } from "./executed-run";
import { lockedRun } from "./locked-run";
import type { RunNotifier } from "./run-notifier";
import type { Outcome } from "./run-outcome";
import { type ClaimedRun, stillClaimed } from "./run-store";
import { joined, outputOf, storeEvents } from "./stored-events";

const notFinished = { status: In([...unfinished]) };

const endRun = new PreparedUpdate(Run, {
  set: ["status", "output", "citations", "error", "usage", "finishedAt", "eventCount"],
  add: ["eventBytes", "countedBytes"],
  where: ["id", "status", "fence", "eventCount"],
});

const insertMessage = new PreparedInsert(Message);

/** A run before its end, as it is stored. */
interface StoredRun {
  readonly run: Run;
  readonly eventBytes: number;
  readonly output: readonly string[];
  readonly mayHaveCallback: boolean;
}

/**
 * Writes the final states of runs, each once, on the condition that the run is still in the state that it ends from. After
 * the commit the waiters of the run are notified, and the outbox.
 */
export class RunEnds {
  constructor(
    private readonly db: Database,
    private readonly notifier: RunNotifier,
    private readonly outbox: Outbox,
    private readonly activity: RunActivity,
  ) {}

  /** @returns false if the claim no longer holds */
  async end(run: ClaimedRun, outcome: Outcome): Promise<boolean> {
    return this.db.transaction((manager, afterCommit) =>
      this.endWithin(manager, afterCommit, run.id, outcome, stillClaimed(run)),
    );
  }

  /** Ends a run that this instance executes, and reads nothing of it again. @returns false if the claim no longer holds */
  async endExecuted(executed: ExecutedRun, outcome: Outcome): Promise<boolean> {
    return this.db.transaction(async (manager, afterCommit) => {
      const { run, eventCount, eventBytes, begun } = executed;
      const output = executed.output ?? (await outputOf(manager, run.id));
      const stored = { run: { ...run, eventCount }, eventBytes, output, mayHaveCallback: begun?.hasCallback ?? true };
      if (await this.write(manager, afterCommit, stored, outcome)) return true;
      // It may have more events than this instance knows of.
      return this.endWithin(manager, afterCommit, run.id, outcome, stillClaimed(executed));
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
    const run = await lockedRun(this.db, manager, { id: runId, ...from });
    if (!run) return false;
    const output = run.eventCount === 0 ? [] : await outputOf(manager, runId);
    const stored = { run, eventBytes: run.eventBytes ?? 0, output, mayHaveCallback: true };
    return this.write(manager, afterCommit, stored, outcome);
  }

  private async write(
    manager: EntityManager,
    afterCommit: AfterCommit,
    { run, eventBytes, output: earlier, mayHaveCallback }: StoredRun,
    outcome: Outcome,
  ): Promise<boolean> {
    const { status, citations = [], error = null, usage = null, lastOutput = [] } = outcome;
    const { id, appId, sessionId, fence, eventCount } = run;
    const isAnswered = status === "SUCCEEDED";
    const finishedAt = new Date();
    const output = joined([...earlier, ...lastOutput]);
    const lastBytes = lastOutput.reduce((sum, text) => sum + bytesOf(text), 0);
    // A successful output is stored twice: with the run, and as a message.
    const ownBytes = bytesOf(JSON.stringify(citations)) + (isAnswered ? 2 : 1) * bytesOf(output);
    const messageBytes = eventBytes + lastBytes + ownBytes;

    const events = [...lastOutput.map((text) => ({ type: "OUTPUT" as const, text })), { type: "FINISHED" as const }];
    const final = { status, output, citations: [...citations], error, usage, finishedAt };
    const changes = { ...final, eventCount: eventCount + events.length };
    const found = await endRun.run(manager, {
      set: changes,
      add: { eventBytes: lastBytes, countedBytes: messageBytes },
      where: { id, status: run.status, fence, eventCount },
    });
    if (found === 0) return false;

    await storeEvents(manager, id, eventCount, events, finishedAt);
    if (usage) await countTokens(manager, appId, await holdersOf(manager, run), usage.totalTokens);
    if (isAnswered) {
      const text = output ?? "";
      await insertMessage.run(manager, {
        id: newId(),
        sessionId,
        runId: id,
        role: "AGENT",
        text,
        createdAt: finishedAt,
      });
    }
    if (mayHaveCallback) await this.outbox.release(manager, afterCommit, id);
    await addUsage(manager, appId, { messageBytes });
    afterCommit(() => {
      this.activity.ended(run, status);
      if (usage) this.activity.usedTokens(run, usage);
      this.notifier.publishEnd(id, { ...run, ...changes, usage: usage && { estimated: false, ...usage } });
    });
    return true;
  }
}
