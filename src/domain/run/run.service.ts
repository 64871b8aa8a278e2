import { type FindOptionsWhere, In } from "typeorm";
import { type Caller, canReachRun, fairShareOf, selectedAgents } from "../../auth/caller";
import { sessionFilter } from "../session/session-filter";
import type { Principal } from "../api-key/principal.entity";
import type { OperationAccess } from "../../auth/operation-access";
import type { Outbox } from "../callback/outbox";
import type { Database } from "../../platform/database/database";
import { loaderById } from "../../platform/database/loaders";
import { PageLoader } from "../../platform/database/page-loader";
import type { Page } from "../../platform/database/pages";
import type { SharedLimit } from "../../platform/process/shared-limit";
import { type PageArgs } from "../../schema-types/pages";
import { notFound } from "../../errors";
import type { Session } from "../session/session.entity";
import type { SessionService } from "../session/session.service";
import type { RunExecutor } from "./execution/run-executor";
import { type Accepted, RunAcceptance, type RunLimits } from "./run-acceptance";
import { isFinished, Run } from "./run.entity";
import type { ExecuteAgentInput, ExecuteAgentPayload, RunEventsArgs } from "./run.input";
import type { RunScheduler } from "./execution/run-scheduler";
import type { RunEvent } from "./run-event.entity";
import type { RunEvents } from "./run-events";
import type { RunStates } from "./run-states";
import type { RunNotifier } from "./execution/run-notifier";
import type { RunStore } from "./execution/run-store";

/** The parts that execute runs, shared by all requests. */
export interface RunRuntime {
  readonly scheduler: RunScheduler;
  readonly executor: RunExecutor;
  readonly store: RunStore;
  readonly notifier: RunNotifier;
  readonly events: RunEvents;
  readonly states: RunStates;
  /** The number of executions that wait for their runs. */
  readonly waitingExecutions: SharedLimit;
  readonly outbox: Outbox;
  /** Aborted when the server stops; waiting for runs then ends. */
  readonly stopping: AbortSignal;
}

/** A session as it was when its run was accepted is answered for this time. Later it is read again. */
const maxSessionAgeMs = 1_000;

export class RunService {
  private readonly byId = loaderById(this.db, Run);
  private readonly acceptance: RunAcceptance;
  private readonly bySession = new PageLoader(this.db.read, Run, "sessionId", "DESC");

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly access: Pick<OperationAccess, "ended" | "confirm">,
    private readonly sessionService: SessionService,
    private readonly runtime: RunRuntime,
    limits: RunLimits,
  ) {
    this.acceptance = new RunAcceptance(db, caller, sessionService, runtime, limits);
  }

  async find(id: string): Promise<Run | null> {
    const run = await this.byId.load(id);
    return run && canReachRun(this.caller, run) ? run : null;
  }

  starterOf({ starterKind: kind, starterName: name, apiKeyId }: Run): Principal | null {
    return kind === null || name === null ? null : { kind, name, apiKeyId };
  }

  listOf(session: Session, page: PageArgs): Promise<Page<Run>> {
    return this.bySession.load(session.id, page, "", agentCondition(this.caller));
  }

  /** Accepts a run, which is durable then, and waits for its end for up to `waitMs`. */
  async execute(input: ExecuteAgentInput): Promise<ExecuteAgentPayload> {
    // Before the run is accepted, so that an execution that may not wait changes nothing.
    const { caller } = this;
    const maxOfApp = caller.kind === "API_KEY" ? caller.limits.app.waitingExecutions : null;
    const endWait = input.waitMs > 0 ? this.runtime.waitingExecutions.take(fairShareOf(caller), 1, maxOfApp) : noWait;
    try {
      await this.acceptance.checkCallback(input);
      const accepted = await this.acceptance.accept(input);
      const acceptedAt = performance.now();
      const run = await this.waitUntilFinished(accepted, input.waitMs);
      if (!run) throw notFound("run");
      // A session has not ended before its run has, unless that was the end of the run.
      const isCurrent = run.status !== "CANCELLED" && performance.now() - acceptedAt < maxSessionAgeMs;
      const session = (isCurrent && accepted.session) || (await this.sessionService.get(run.sessionId));
      const { sessionCreated } = accepted;
      return { run, session, sessionCreated, replayed: accepted.session === undefined };
    } finally {
      endWait();
    }
  }

  /** Cancels a run. A run that has finished stays as it is. */
  async cancel(id: string): Promise<Run> {
    const { scheduler, executor } = this.runtime;
    // In parallel, so that the caller gets the error in time if the database takes reads but no writes.
    await Promise.all([this.db.ping(), executor.flush((run) => run.id === id)]);
    return this.db.transaction(async (manager, afterCommit) => {
      const run = await this.db.lock(manager, Run, { id, ...runFilter(this.caller) });
      if (!run) throw notFound("run");
      await scheduler.cancelWithin(manager, afterCommit, id);
      return manager.findOneByOrFail(Run, { id });
    });
  }

  /** @param resumeAfter the index of the last event that the caller has had, as far as it says so beside `after` */
  async events(
    { runId, after }: RunEventsArgs,
    resumeAfter: (runId: string) => number | undefined,
  ): Promise<AsyncIterableIterator<RunEvent>> {
    // Not by the loader, which would keep the whole run for as long as the stream is open.
    const exists = await this.db.read.existsBy(Run, { id: runId, ...runFilter(this.caller) });
    if (!exists) throw notFound("run");
    return this.runtime.events.read(runId, Math.max(after ?? -1, resumeAfter(runId) ?? -1), fairShareOf(this.caller));
  }

  /**
   * @returns the run once it has finished, or as it is after `waitMs` or when the server stops
   * @throws the error for lost rights, as soon as they are lost
   */
  private async waitUntilFinished(accepted: Accepted, waitMs: number): Promise<Run | null> {
    const { notifier, states, stopping } = this.runtime;
    const { id } = accepted.run;
    const deadline = Date.now() + waitMs;
    const watch = notifier.watchEnd(id);
    const stopWaiting = () => watch.close();
    this.access.ended.addEventListener("abort", stopWaiting);
    if (this.access.ended.aborted) stopWaiting();
    try {
      accepted.begin();
      // The run of an earlier call may have ended before the watch.
      let run: Run | null = accepted.session ? accepted.run : await this.read(id);
      for (let hasWaited = false; ; hasWaited = true) {
        if (hasWaited) {
          run = watch.ended ?? (await this.read(id));
          await this.access.confirm();
        }
        if (!run || isFinished(run) || Date.now() >= deadline || stopping.aborted) return run;
        while (!(await watch.changed(deadline - Date.now())) && Date.now() < deadline) {
          const state = await states.poll(id);
          if (!state || state.isFinished) break;
        }
      }
    } finally {
      this.access.ended.removeEventListener("abort", stopWaiting);
      watch.close();
    }
  }

  private read(id: string): Promise<Run | null> {
    return this.db.read.findOneBy(Run, { id });
  }
}

/** The rule of canReachRun() as a condition of a query. */
const runFilter = (caller: Caller): FindOptionsWhere<Run> => ({ ...sessionFilter(caller), ...agentCondition(caller) });

function agentCondition(caller: Caller): FindOptionsWhere<Run> {
  const selected = selectedAgents(caller);
  return selected ? { agentId: In([...selected]) } : {};
}

const noWait = () => undefined;
