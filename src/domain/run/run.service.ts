import { type EntityManager, In } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { appFilter, type Caller, canReach } from "../../auth/caller";
import type { Outbox } from "../callback/outbox";
import type { Limits } from "../../config";
import { type Database, isOrphan } from "../../platform/database/database";
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

/** The parts of the server that runs live in, beyond any request. */
export interface RunRuntime {
  readonly scheduler: RunScheduler;
  readonly executor: RunExecutor;
  readonly store: RunStore;
  readonly notifier: RunNotifier;
  readonly outbox: Outbox;
  /** Given when the server stops: nobody waits any longer. */
  readonly stopping: AbortSignal;
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
    private readonly limits: Limits,
  ) {}

  async find(id: string): Promise<Run | null> {
    const run = await this.byId.load(id);
    return run && canReach(this.caller, run.appId) ? run : null;
  }

  listOf(session: Session, page: PageArgs): Promise<Page<Run>> {
    return this.bySession.load(session.id, page);
  }

  /** Accepts a run, for good once this is answered, and waits for its end as long as the caller wants to. */
  async execute(input: ExecuteAgentInput): Promise<ExecuteAgentPayload> {
    await this.checkCallback(input);
    const { runId, sessionId, sessionCreated, replayed } = await this.acceptForGood(input);
    const run = await this.finished(runId, input.waitMs);
    if (!run) throw notFound("run");
    return { run, session: await this.sessionService.get(sessionId), sessionCreated, replayed };
  }

  /** Ends a run that is not finished. One that is stays as it is. */
  async cancel(id: string): Promise<Run> {
    const { store, scheduler, executor, notifier, outbox } = this.runtime;
    // Side by side, so that who cancels is told in time where the database takes nothing.
    await Promise.all([this.db.ping(), executor.flush((run) => run.id === id)]);
    const run = await this.db.transaction(async (manager) => {
      const own = await this.db.lock(manager, Run, { id, ...appFilter(this.caller) });
      if (!own) throw notFound("run");
      await store.endWithin(manager, id, { status: "CANCELLED" });
      return manager.findOneByOrFail(Run, { id });
    });
    scheduler.abort([id]);
    notifier.publish(id);
    outbox.wake();
    return run;
  }

  async events({ runId, after }: RunEventsArgs): Promise<AsyncIterableIterator<RunEvent>> {
    if (!(await this.find(runId))) throw notFound("run");
    return readRunEvents(this.db, this.runtime.notifier, runId, after ?? -1);
  }

  /** What was accepted once is answered again, wherever its callback may go by now. */
  private async checkCallback(input: ExecuteAgentInput): Promise<void> {
    if (input.callbackUrl == null || (await this.claimOf(input)?.wasTaken(this.db.read))) return;
    await this.runtime.outbox.check(input.callbackUrl);
  }

  private claimOf(input: ExecuteAgentInput): IdempotencyClaim | undefined {
    const { idempotencyKey } = input;
    return idempotencyKey == null ? undefined : new IdempotencyClaim(this.caller, idempotencyKey, input);
  }

  private async acceptForGood(input: ExecuteAgentInput): Promise<Accepted> {
    let accepted: Accepted | undefined;
    try {
      return await this.db.transaction(async (manager) => (accepted = await this.accept(manager, input)));
    } catch (error) {
      if (isUnavailable(error)) this.runtime.scheduler.markCommitUncertain();
      // An app that is deleted meanwhile takes the agent with it.
      throw isOrphan(error) ? notFound("agent") : error;
    } finally {
      // Also where it failed: it may have been committed though the database's word of that got lost.
      if (accepted && !accepted.replayed) this.runtime.scheduler.wake();
    }
  }

  private async accept(manager: EntityManager, input: ExecuteAgentInput): Promise<Accepted> {
    const claim = this.claimOf(input);
    const earlier = await claim?.take(manager);
    if (earlier !== undefined) return this.replay(manager, earlier);

    const agent = await manager.findOneBy(Agent, { id: input.agentId, ...appFilter(this.caller) });
    if (!agent) throw notFound("agent");

    await admit(this.db, manager, agent.appId);
    const { session, created } = await this.sessionService.lockOrOpen(manager, agent.appId, input.session ?? {});
    await this.checkTurn(manager, session, input);
    // Made only now that the session is held, so that the order of the ids is that in which the runs take their turn.
    const runId = newId();
    await claim?.keep(manager, runId);
    await this.insert(manager, runId, agent, session, input);
    return { runId, sessionId: session.id, sessionCreated: created, replayed: false };
  }

  private async replay(manager: EntityManager, runId: string): Promise<Accepted> {
    const run = await manager.findOneBy(Run, { id: runId });
    if (!run) throw notFound("run");
    return { runId, sessionId: run.sessionId, sessionCreated: false, replayed: true };
  }

  private async checkTurn(manager: EntityManager, { id }: Session, { onBusy }: ExecuteAgentInput): Promise<void> {
    const ahead = await manager.countBy(Run, { sessionId: id, status: In([...unfinished]) });
    if (onBusy === "REJECT" && ahead > 0) {
      throw busy("The session has a run that is not finished. Wait for it, cancel it, or pass `onBusy: ENQUEUE`.");
    }
    const { maxQueuedRuns } = this.limits;
    if (ahead > maxQueuedRuns) {
      throw busy(`The session has ${maxQueuedRuns} runs waiting already. Wait until one has finished, or cancel one.`);
    }
  }

  private async insert(
    manager: EntityManager,
    id: string,
    agent: Agent,
    session: Session,
    { text, callbackUrl }: ExecuteAgentInput,
  ): Promise<void> {
    const createdAt = new Date();
    await manager.update(Session, { id: session.id }, { lastActivityAt: createdAt });
    await manager.insert(Run, {
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

  /** The run as it is when it has finished, or when the time is over. */
  private async finished(id: string, waitMs: number): Promise<Run | null> {
    const { notifier, stopping } = this.runtime;
    const deadline = Date.now() + waitMs;
    const watch = notifier.watch(id);
    try {
      for (;;) {
        const run = await this.db.read.findOneBy(Run, { id });
        const left = deadline - Date.now();
        if (!run || isFinished(run) || left <= 0 || stopping.aborted) return run;
        await watch.changed(left);
      }
    } finally {
      watch.close();
    }
  }
}

const busy = (message: string) => new ApiError("SESSION_BUSY", message);
