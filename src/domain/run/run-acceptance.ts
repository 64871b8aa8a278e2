import type { EntityManager } from "typeorm";
import { Agent } from "../agent/agent.entity";
import { takeRoom } from "../app/app-usage";
import { type Caller, canReachAgent, canReachRun } from "../../auth/caller";
import { appFilter } from "../app/app-filter";
import { principalOf } from "../api-key/principal.entity";
import type { Outbox } from "../callback/outbox";
import { type AfterCommit, type Database, isOrphan } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { PreparedInsert } from "../../platform/database/prepared-write";
import { ApiError, conflict, isUnavailable, notFound } from "../../errors";
import { Message } from "../session/message.entity";
import type { Session } from "../session/session.entity";
import type { SessionService } from "../session/session.service";
import { admit } from "./admission";
import { type ExecutionContext, executionContext } from "./execution-context";
import { checkDocuments, storedBytes } from "./execution-input";
import { IdempotencyClaim } from "./idempotency";
import { Run } from "./run.entity";
import type { ExecuteAgentInput } from "./run.input";
import type { ReservedSlot } from "./execution/reserved-slots";
import type { RunScheduler } from "./execution/run-scheduler";
import type { RunStore } from "./execution/run-store";

export interface RunLimits {
  /** Per session. */
  readonly maxQueuedRuns: number;
}

/** A run as its acceptance has stored it. */
export interface Accepted {
  readonly run: Run;
  readonly sessionCreated: boolean;
  /** Undefined if the call repeats an earlier one, whose run this is. */
  readonly session: Session | undefined;
  /** Executes the run if a slot is held for it. To be called when nothing can miss its end any more. */
  begin(): void;
}

const insertMessage = new PreparedInsert(Message);

/** Accepts the executions of a caller: stores their runs, queued, or begun if a slot is free. */
export class RunAcceptance {
  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly sessionService: SessionService,
    private readonly runtime: {
      readonly scheduler: RunScheduler;
      readonly store: RunStore;
      readonly outbox: Outbox;
    },
    private readonly limits: RunLimits,
  ) {}

  /** A replayed execution is answered even if its URL would be refused today. */
  async checkCallback(input: ExecuteAgentInput): Promise<void> {
    if (input.callbackUrl == null || (await this.claimOf(input)?.exists(this.db.read))) return;
    await this.runtime.outbox.check(input.callbackUrl);
  }

  /** @returns the run, which is durable */
  async accept(input: ExecuteAgentInput): Promise<Accepted> {
    const { scheduler } = this.runtime;
    const attempt = new Attempt();
    try {
      return await this.db.transaction((manager, afterCommit) => {
        attempt.restart();
        return this.acceptWithin(manager, afterCommit, input, attempt);
      });
    } catch (error) {
      attempt.restart();
      const isRefused = error instanceof ApiError && !isUnavailable(error);
      if (attempt.hasStored && !isRefused) {
        // The commit may have taken effect although its confirmation was lost.
        scheduler.markCommitUncertain();
        scheduler.wake();
      }
      // The deletion of an app also deletes the agent.
      throw isOrphan(error) ? notFound("agent") : error;
    }
  }

  private claimOf(input: ExecuteAgentInput): IdempotencyClaim | undefined {
    const { idempotencyKey } = input;
    return idempotencyKey == null ? undefined : new IdempotencyClaim(this.caller, idempotencyKey, input);
  }

  private async acceptWithin(
    manager: EntityManager,
    afterCommit: AfterCommit,
    input: ExecuteAgentInput,
    attempt: Attempt,
  ): Promise<Accepted> {
    const claim = this.claimOf(input);
    const earlier = await claim?.acquire(manager);
    if (earlier !== undefined) return this.replay(manager, earlier);

    const now = new Date();
    const { context, session, isNew } = await this.prepare(manager, input, now);
    const { agent, limits } = context;
    await admit(this.db, manager, agent.appId, limits, this.caller);
    this.checkQueue(context, input);
    await checkDocuments(manager, session, input);
    // Generated while the session is locked, so that ids sort in the order in which the runs execute.
    const run = this.newRun(newId(), agent, session, input, now);
    await claim?.assignRun(manager, run.id);
    const stored = await this.store(manager, afterCommit, run, context, attempt);
    const message: Message = {
      id: newId(),
      sessionId: session.id,
      runId: run.id,
      role: "USER",
      text: run.input,
      createdAt: now,
    };
    await insertMessage.run(manager, message);
    await takeRoom(manager, agent.appId, { messageBytes: storedBytes(input), ...(isNew && { sessions: 1 }) });
    await this.addCallback(manager, run, input, context);
    const begun = { agent, hasDocuments: context.hasDocuments, hasCallback: input.callbackUrl != null };
    const { slot } = attempt;
    return { run: stored, session, sessionCreated: isNew, begin: () => slot?.begin(stored, begun) };
  }

  private async replay(manager: EntityManager, runId: string): Promise<Accepted> {
    const run = await manager.findOneBy(Run, { id: runId });
    if (!run || !canReachRun(this.caller, run)) throw notFound("run");
    return { run, session: undefined, sessionCreated: false, begin: () => undefined };
  }

  /** Locks the session or opens it, and reads all that is asked about the execution. */
  private async prepare(
    manager: EntityManager,
    { agentId, session }: ExecuteAgentInput,
    now: Date,
  ): Promise<{ readonly context: ExecutionContext; readonly session: Session; readonly isNew: boolean }> {
    const reference = session ?? {};
    const appId = await this.appOf(manager, agentId);
    const keyId = principalOf(this.caller).apiKeyId ?? "";
    const contextOf = async (sessionId: string) => {
      const context = await executionContext(manager, { agentId, appId, sessionId, keyId });
      return assertExecutable(this.caller, context);
    };
    let locked;
    try {
      locked = await this.sessionService.lockOrOpen(manager, appId, reference, now);
    } catch (error) {
      // Faults of the agent are told first.
      if (error instanceof ApiError) await contextOf("");
      throw error;
    }
    const context = await contextOf(locked.id);
    const found = this.sessionService.assertExecutable(context.session, locked, reference);
    return { context, session: found, isNew: locked.isNew };
  }

  /** An administrator executes the agents of several apps. */
  private async appOf(manager: EntityManager, agentId: string): Promise<string> {
    if (this.caller.kind === "API_KEY") return this.caller.appId;
    const agent = await manager.findOneBy(Agent, { id: agentId, ...appFilter(this.caller) });
    if (!agent) throw notFound("agent");
    return agent.appId;
  }

  private checkQueue({ runsAhead }: ExecutionContext, { onBusy }: ExecuteAgentInput): void {
    if (onBusy === "REJECT" && runsAhead > 0) {
      throw busy("The session has a run that is not finished. Wait for it, cancel it, or pass `onBusy: ENQUEUE`.");
    }
    const { maxQueuedRuns } = this.limits;
    if (runsAhead > maxQueuedRuns) {
      throw busy(`The session already has ${maxQueuedRuns} runs waiting. Wait until one has finished, or cancel one.`);
    }
  }

  /** Stores a run, which begins with its acceptance if it need not wait for anything. */
  private async store(
    manager: EntityManager,
    afterCommit: AfterCommit,
    run: Run,
    { limits, runsAhead, isReading, hasHolderLimit }: ExecutionContext,
    attempt: Attempt,
  ): Promise<Run> {
    const { scheduler, store } = this.runtime;
    attempt.hasStored = true;
    if (runsAhead === 0 && !isReading) {
      const atOnce = { ofApp: limits.runsAtOnce, hasHolderLimit };
      attempt.slot = await scheduler.reserveWithin(manager, run, atOnce);
      if (attempt.slot) return store.insertStartedWithin(manager, run, attempt.slot.workerId);
    }
    await store.insertWithin(manager, afterCommit, run);
    return run;
  }

  private newRun(id: string, agent: Agent, session: Session, input: ExecuteAgentInput, createdAt: Date): Run {
    const starter = principalOf(this.caller);
    return {
      id,
      appId: agent.appId,
      sessionId: session.id,
      sessionScopeId: session.sessionScopeId,
      agentId: agent.id,
      status: "QUEUED",
      input: input.text,
      documentIds: input.documentIds ? [...new Set(input.documentIds)] : null,
      metadata: input.metadata ?? null,
      output: null,
      citations: [],
      error: null,
      usage: null,
      eventCount: 0,
      eventBytes: 0,
      countedBytes: storedBytes(input),
      fence: 0,
      workerId: null,
      starterKind: starter.kind,
      starterName: starter.name,
      apiKeyId: starter.apiKeyId,
      createdAt,
      startedAt: null,
      finishedAt: null,
    };
  }

  /** Last, as the app's usage is locked then: concurrent executions do not exceed the limits of callbacks together. */
  private async addCallback(
    manager: EntityManager,
    { id: runId, appId, sessionScopeId, apiKeyId }: Run,
    { callbackUrl }: ExecuteAgentInput,
    { limits }: ExecutionContext,
  ): Promise<void> {
    if (callbackUrl == null) return;
    await this.runtime.outbox.add(manager, { appId, sessionScopeId, runId, apiKeyId, url: callbackUrl }, limits);
  }
}

/** The effects of an attempt of the transaction that its end, or the next attempt, takes back. */
class Attempt {
  slot: ReservedSlot | undefined;
  /** Whether a run was stored in the transaction, by this attempt or an earlier one. */
  hasStored = false;

  restart(): void {
    this.slot?.release();
    this.slot = undefined;
  }
}

/** @throws NOT_FOUND; CONFLICT if the agent is switched off */
function assertExecutable(caller: Caller, context: ExecutionContext | undefined): ExecutionContext {
  if (!context || !canReachAgent(caller, context.agent)) throw notFound("agent");
  if (context.agent.enabled) return context;
  throw conflict("AGENT_DISABLED", "This agent is switched off. Ask for it to be enabled, or execute another one.", {
    field: "input.agentId",
  });
}

const busy = (message: string) => new ApiError("SESSION_BUSY", message);
