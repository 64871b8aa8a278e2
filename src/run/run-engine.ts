import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { In, LessThan } from "typeorm";
import { Agent } from "../agent/agent.entity";
import type { Limits } from "../config";
import type { Database } from "../database/database";
import { Document } from "../document/document.entity";
import type { DocumentReadings } from "../document/document-readings";
import type { ModelCatalog } from "../model/catalog";
import { ModelFailed, type TokenUsage } from "../model/model";
import { Message } from "../session/message.entity";
import { type DocumentStorage, StorageUnavailable } from "../storage/document-storage";
import { type Citation, Run, unfinished } from "./run.entity";
import type { Outcome, RunRecord } from "./run-record";

/** How long a database that fails is left alone before it is asked again, in milliseconds. */
const pause = 1_000;
/** How long running runs may take to finish when the server stops, in milliseconds. */
const grace = 5_000;
/** How much of a conversation a model is given. */
const rememberedMessages = 50;

const interrupted: Outcome = {
  status: "FAILED",
  error: {
    code: "INTERRUPTED",
    message: "The server was stopped while this run was being executed. Execute it again.",
  },
};

/** Carries out runs: one at a time in a session, in the order in which they arrived, many sessions side by side. */
export class RunEngine {
  private readonly sessions = new Map<string, Promise<void>>();
  private readonly dirty = new Set<string>();
  private readonly running = new Map<string, AbortController>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly db: Database,
    private readonly record: RunRecord,
    private readonly models: ModelCatalog,
    private readonly storage: DocumentStorage,
    private readonly readings: DocumentReadings,
    private readonly limits: Limits,
    private readonly log: Logger,
  ) {}

  /** The runs that an earlier process left unfinished. To be asked for before this one accepts any. */
  leftovers(): Promise<Run[]> {
    return this.db.read.find(Run, {
      where: { status: In([...unfinished]) },
      select: { id: true, sessionId: true, status: true },
    });
  }

  /** Ends what an earlier process left running, and goes on with what it left queued. */
  async recover(leftovers: readonly Pick<Run, "id" | "sessionId" | "status">[]): Promise<void> {
    for (const { id } of leftovers.filter(({ status }) => status === "RUNNING")) {
      await this.record.end(id, interrupted);
      this.log.warn({ runId: id }, "ended a run that an earlier process left running");
    }
    const queued = leftovers.filter(({ status }) => status === "QUEUED");
    for (const sessionId of new Set(queued.map((run) => run.sessionId))) this.wake(sessionId);
  }

  /** Says that a session may have a run to carry out. */
  wake(sessionId: string): void {
    this.dirty.add(sessionId);
    if (this.sessions.has(sessionId) || this.stopping.signal.aborted) return;
    this.sessions.set(sessionId, this.work(sessionId));
  }

  /** Stops the work on runs whose end is written already. */
  abandon(runIds: readonly string[]): void {
    for (const id of runIds) this.running.get(id)?.abort();
  }

  /** Starts nothing any more, and lets what runs finish for a while. What is queued is for the next start. */
  async close(): Promise<void> {
    this.stopping.abort();
    const finished = Promise.all(this.sessions.values());
    await Promise.race([finished, delay(grace, undefined, { ref: false })]);
    for (const id of [...this.running.keys()]) {
      await this.record.end(id, interrupted);
      this.abandon([id]);
    }
    await finished;
  }

  private async work(sessionId: string): Promise<void> {
    let brokenOff: Run | undefined;
    while (this.dirty.has(sessionId) && !this.stopping.signal.aborted) {
      this.dirty.delete(sessionId);
      try {
        if (brokenOff) await this.endBrokenOff(brokenOff);
        brokenOff = undefined;
        for (let run = await this.next(sessionId); run; run = await this.next(sessionId)) {
          brokenOff = run;
          await this.carryOut(run);
          brokenOff = undefined;
        }
      } catch (error) {
        this.log.error({ err: error, sessionId }, "could not go on with the runs of a session");
        this.dirty.add(sessionId);
        await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
    this.sessions.delete(sessionId);
  }

  /** A beginning may have been committed though the database's word of it got lost. Nobody carries that run out. */
  private async endBrokenOff({ id }: Run): Promise<void> {
    const begun = await this.db.read.existsBy(Run, { id, status: "RUNNING" });
    if (begun) await this.record.end(id, interrupted);
  }

  private async next(sessionId: string): Promise<Run | null> {
    if (this.stopping.signal.aborted) return null;
    return this.db.read.findOne(Run, { where: { sessionId, status: "QUEUED" }, order: { id: "ASC" } });
  }

  private async carryOut(run: Run): Promise<void> {
    const controller = new AbortController();
    // Before it begins, so that whoever ends it from then on finds it here.
    this.running.set(run.id, controller);
    try {
      const outcome = await this.outcomeOf(run, controller.signal);
      if (outcome) await this.writeEnd(run.id, outcome);
    } finally {
      this.running.delete(run.id);
    }
  }

  /**
   * A run is queued as long as documents of its session are being read, so that it waits on when the server stops.
   *
   * @returns undefined where the run was ended by somebody else, or is left for the next start
   */
  private async outcomeOf(run: Run, signal: AbortSignal): Promise<Outcome | undefined> {
    const most = this.limits.maxReadWaitSeconds * 1_000;
    const stop = AbortSignal.any([signal, this.stopping.signal]);
    try {
      if (!(await this.readings.settled(run.sessionId, stop, most))) {
        return failure(
          "DOCUMENTS_NOT_READY",
          "Documents of this session are still being read. Execute it again later.",
        );
      }
    } catch (error) {
      if (stop.aborted) return undefined;
      throw error;
    }
    return (await this.record.start(run.id)) ? this.answer(run, signal) : undefined;
  }

  /** @returns undefined where the run was ended by somebody else */
  private async answer(run: Run, signal: AbortSignal): Promise<Outcome | undefined> {
    let usage: TokenUsage | undefined;
    const failed = (code: string, message: string): Outcome => ({ ...failure(code, message), ...(usage && { usage }) });
    try {
      const agent = await this.db.read.findOneBy(Agent, { id: run.agentId });
      if (!agent) return failure("AGENT_DELETED", "The agent was deleted before this run was executed.");
      const model = await this.models.find(agent.appId, agent.model);
      if (!model) return failure("MODEL_UNAVAILABLE", `The model ${agent.model} does not exist any more.`);

      const documents = await this.documentsOf(run);
      const citations: Citation[] = [];
      const pieces = model.answer({
        instructions: agent.instructions,
        text: run.input,
        earlier: await this.earlierMessages(run),
        documents,
        withIndexes: (search, stop) => this.storage.withIndexes(idsOf(documents), search, stop),
        settings: agent,
        signal,
      });
      for await (const piece of pieces) {
        if (piece.kind === "usage") {
          usage = piece.usage;
        } else if (piece.kind === "text") {
          if (await this.record.say(run.id, piece.text)) continue;
          await this.leave(run, usage);
          return undefined;
        } else {
          const document = documents.find(({ id }) => id === piece.documentId);
          if (document) citations.push({ document, quote: piece.quote, page: piece.page });
        }
      }
      return { status: "SUCCEEDED", citations, ...(usage && { usage }) };
    } catch (error) {
      if (signal.aborted) return this.leave(run, usage);
      if (error instanceof ModelFailed) return failed(error.code, error.message);
      if (error instanceof StorageUnavailable) {
        this.log.error({ err: error, runId: run.id }, "could not reach the documents of a run");
        return failed("DOCUMENTS_UNAVAILABLE", "The documents of this session can't be reached now. Execute it again.");
      }
      this.log.error({ err: error, runId: run.id }, "a run failed");
      return failed("MODEL_FAILED", "The model could not answer. The server's log says why.");
    }
  }

  /** Somebody else has ended the run, and could not know what it had taken until then. */
  private async leave({ id }: Run, usage: TokenUsage | undefined): Promise<undefined> {
    try {
      if (usage) await this.record.noteUsage(id, usage);
    } catch (error) {
      this.log.error({ err: error, runId: id }, "could not note what a run had taken");
    }
  }

  private documentsOf({ sessionId }: Run): Promise<Document[]> {
    return this.db.read.find(Document, { where: { sessionId, status: "READY" }, order: { id: "ASC" } });
  }

  /**
   * What was said in the runs before this one. By run, as what was asked while others were waiting stands before their
   * answers.
   */
  private async earlierMessages({ id, sessionId }: Run): Promise<Message[]> {
    const newestFirst = await this.db.read.find(Message, {
      where: { sessionId, runId: LessThan(id) },
      order: { id: "DESC" },
      take: rememberedMessages,
    });
    return newestFirst.reverse().sort((one, other) => compare(one.runId, other.runId));
  }

  /** A run that was carried out is not left running, however long the database is away. */
  private async writeEnd(runId: string, outcome: Outcome): Promise<void> {
    for (;;) {
      try {
        await this.record.end(runId, outcome);
        return;
      } catch (error) {
        if (this.stopping.signal.aborted) throw error;
        this.log.error({ err: error, runId }, "could not write the end of a run, trying again");
        await delay(pause, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }
}

const idsOf = (documents: readonly Document[]): string[] => documents.map(({ id }) => id);

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

const failure = (code: string, message: string): Outcome => ({ status: "FAILED", error: { code, message } });
