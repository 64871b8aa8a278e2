import { type EntityManager, In } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { appFilter, type Caller, canReach } from "../../auth/caller";
import type { Outbox } from "../callback/outbox";
import { type AfterCommit, type Database, isOrphan } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { loaderById } from "../../platform/database/loaders";
import { type Page, PageLoader } from "../../platform/database/page-loader";
import { type PageArgs } from "../../schema-types/pages";
import { ApiError, isUnavailable, notFound } from "../../errors";
import { Message } from "../session/message.entity";
import { Session } from "../session/session.entity";
import type { SessionService } from "../session/session.service";
import { admit } from "./admission";
import type { RunExecutor } from "./execution/run-executor";
import { IdempotencyClaim } from "./idempotency";
import { isFinished, Run, unfinished } from "./run.entity";
import type { ExecuteAgentInput, ExecuteAgentPayload, RunEventsArgs } from "./run.input";
import type { RunScheduler } from "./execution/run-scheduler";
import type { RunEvent } from "./run-event.entity";
import { readRunEvents } from "./run-events";
import type { RunNotifier } from "./execution/run-notifier";
import type { RunStore } from "./execution/run-store";

/** The parts that execute runs, shared by all requests. */
export interface RunRuntime {
  readonly scheduler: RunScheduler;
  readonly executor: RunExecutor;
  readonly store: RunStore;
  readonly notifier: RunNotifier;
  readonly outbox: Outbox;
  /** Aborted when the server stops; waiting for runs then ends. */
  readonly stopping: AbortSignal;
}

export interface RunLimits {
  /** Per session. */
  readonly maxQueuedRuns: number;
}

interface Accepted {
  readonly runId: string;
  readonly sessionId: string;
  readonly sessionCreated: boolean;
  readonly replayed: boolean;
}

export class RunService {
  private readonly byId = loaderById(this.db.read, Run);
  private readonly bySession = new PageLoader(this.db.read, Run, "sessionId", "DESC");

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly sessionService: SessionService,
    private readonly runtime: RunRuntime,
    private readonly limits: RunLimits,
  ) {}

  async find(id: string): Promise<Run | null> {
    const run = await this.byId.load(id);
    return run && canReach(this.caller, run.appId) ? run : null;
  }

  listOf(session: Session, page: PageArgs): Promise<Page<Run>> {
    return this.bySession.load(session.id, page);
  }

  /** Accepts a run, which is durable then, and waits for its end for up to `waitMs`. */
  async execute(input: ExecuteAgentInput): Promise<ExecuteAgentPayload> {
    await this.checkCallback(input);
    const { runId, sessionId, sessionCreated, replayed } = await this.acceptDurably(input);
    const run = await this.waitUntilFinished(runId, input.waitMs);
    if (!run) throw notFound("run");
    return { run, session: await this.sessionService.get(sessionId), sessionCreated, replayed };
  }

  /** Cancels a run. A run that has finished stays as it is. */
  async cancel(id: string): Promise<Run> {
    const { scheduler, executor } = this.runtime;
    // In parallel, so that the caller gets the error in time if the database takes reads but no writes.
    await Promise.all([this.db.ping(), executor.flush((run) => run.id === id)]);
    return this.db.transaction(async (manager, afterCommit) => {
      const run = await this.db.lock(manager, Run, { id, ...appFilter(this.caller) });
      if (!run) throw notFound("run");
      await scheduler.cancelWithin(manager, afterCommit, id);
      return manager.findOneByOrFail(Run, { id });
    });
  }

  async events({ runId, after }: RunEventsArgs): Promise<AsyncIterableIterator<RunEvent>> {
    if (!(await this.find(runId))) throw notFound("run");
    return readRunEvents(this.db, this.runtime.notifier, runId, after ?? -1);
  }

  /** A replayed execution is answered even if its URL would be refused today. */
  private async checkCallback(input: ExecuteAgentInput): Promise<void> {
    if (input.callbackUrl == null || (await this.claimOf(input)?.exists(this.db.read))) return;
    await this.runtime.outbox.check(input.callbackUrl);
  }

  private claimOf(input: ExecuteAgentInput): IdempotencyClaim | undefined {
    const { idempotencyKey } = input;
    return idempotencyKey == null ? undefined : new IdempotencyClaim(this.caller, idempotencyKey, input);
  }

  private async acceptDurably(input: ExecuteAgentInput): Promise<Accepted> {
    const { scheduler } = this.runtime;
    let accepted: Accepted | undefined;
    try {
      return await this.db.transaction(
        async (manager, afterCommit) => (accepted = await this.accept(manager, afterCommit, input)),
      );
    } catch (error) {
      if (isUnavailable(error)) scheduler.markCommitUncertain();
      // The commit may have taken effect although its confirmation was lost.
      if (accepted && !accepted.replayed) scheduler.wake();
      // The deletion of an app also deletes the agent.
      throw isOrphan(error) ? notFound("agent") : error;
    }
  }

  private async accept(manager: EntityManager, afterCommit: AfterCommit, input: ExecuteAgentInput): Promise<Accepted> {
    const claim = this.claimOf(input);
    const earlier = await claim?.acquire(manager);
    if (earlier !== undefined) return this.replay(manager, earlier);

    const agent = await manager.findOneBy(Agent, { id: input.agentId, ...appFilter(this.caller) });
    if (!agent) throw notFound("agent");

    await admit(this.db, manager, agent.appId);
    const { session, created } = await this.sessionService.lockOrOpen(manager, agent.appId, input.session ?? {});
    await this.checkQueue(manager, session, input);
    // Generated while the session is locked, so that ids sort in the order in which the runs execute.
    const runId = newId();
    await claim?.assignRun(manager, runId);
    await this.insert(manager, afterCommit, runId, agent, session, input);
    return { runId, sessionId: session.id, sessionCreated: created, replayed: false };
  }

  private async replay(manager: EntityManager, runId: string): Promise<Accepted> {
    const run = await manager.findOneBy(Run, { id: runId });
    if (!run) throw notFound("run");
    return { runId, sessionId: run.sessionId, sessionCreated: false, replayed: true };
  }

  private async checkQueue(manager: EntityManager, { id }: Session, { onBusy }: ExecuteAgentInput): Promise<void> {
    const ahead = await manager.countBy(Run, { sessionId: id, status: In([...unfinished]) });
    if (onBusy === "REJECT" && ahead > 0) {
      throw busy("The session has a run that is not finished. Wait for it, cancel it, or pass `onBusy: ENQUEUE`.");
    }
    const { maxQueuedRuns } = this.limits;
    if (ahead > maxQueuedRuns) {
      throw busy(`The session already has ${maxQueuedRuns} runs waiting. Wait until one has finished, or cancel one.`);
    }
  }

  private async insert(
    manager: EntityManager,
    afterCommit: AfterCommit,
    id: string,
    agent: Agent,
    session: Session,
    { text, callbackUrl }: ExecuteAgentInput,
  ): Promise<void> {
    const createdAt = new Date();
    await manager.update(Session, { id: session.id }, { lastActivityAt: createdAt });
    await this.runtime.store.insertWithin(manager, afterCommit, {
      id,
      appId: agent.appId,
      sessionId: session.id,
      agentId: agent.id,
      status: "QUEUED",
      input: text,
      output: null,
      citations: [],
      error: null,
      usage: null,
      eventCount: 0,
      fence: 0,
      workerId: null,
      createdAt,
      startedAt: null,
      finishedAt: null,
    });
    const message: Message = { id: newId(), sessionId: session.id, runId: id, role: "USER", text, createdAt };
    await manager.insert(Message, message);
    if (callbackUrl != null) {
      await this.runtime.outbox.add(manager, { appId: agent.appId, runId: id, url: callbackUrl });
    }
  }

  /** @returns the run once it has finished, or as it is after `waitMs` or when the server stops */
  private async waitUntilFinished(id: string, waitMs: number): Promise<Run | null> {
    const { notifier, stopping } = this.runtime;
    const deadline = Date.now() + waitMs;
    const watch = notifier.watch(id);
    try {
      for (;;) {
        const run = await this.db.read.findOneBy(Run, { id });
        const remainingMs = deadline - Date.now();
        if (!run || isFinished(run) || remainingMs <= 0 || stopping.aborted) return run;
        await watch.changed(remainingMs);
      }
    } finally {
      watch.close();
    }
  }
}

const busy = (message: string) => new ApiError("SESSION_BUSY", message);
