import type { Logger } from "pino";
import { LessThan } from "typeorm";
import { Agent } from "../../agent/agent.entity";
import type { Database } from "../../../platform/database/database";
import { Document } from "../../document/document.entity";
import { isUnavailable } from "../../../errors";
import type { ModelCatalog } from "../../../model/catalog";
import { ModelError, type TokenUsage } from "../../../model/model";
import { Message } from "../../session/message.entity";
import { type DocumentStorage, StorageUnavailableError } from "../../../platform/storage/document-storage";
import type { Citation, Run } from "../run.entity";
import type { RunErrorCode } from "../run-errors";
import { failure, type Outcome, type RunStore } from "./run-store";
import { OutputBuffer } from "./output-buffer";

/** A run that could not be written down, as the database was away. What becomes of it is for the caller to decide. */
export interface Interrupted {
  readonly isInterrupted: true;
  readonly usage?: TokenUsage;
}

/** How much of a conversation a model is given. */
const maxHistoryMessages = 50;

/** Has a run answered by its agent's model, from its session's messages and documents. */
export class RunExecutor {
  private readonly outputBuffers = new Map<Run, OutputBuffer>();

  constructor(
    private readonly db: Database,
    private readonly record: RunStore,
    private readonly models: ModelCatalog,
    private readonly storage: DocumentStorage,
    private readonly log: Logger,
  ) {}

  /**
   * Writes what the model says, as it says it. How it ends is for the caller to write.
   *
   * @returns undefined where the run was ended by somebody else
   */
  async execute(run: Run, signal: AbortSignal): Promise<Outcome | Interrupted | undefined> {
    let usage: TokenUsage | undefined;
    // What can't be written down need not be said any more.
    const unwritten = new AbortController();
    const speech = new OutputBuffer((text) =>
      this.record.appendOutput(run, text).catch((error: unknown) => {
        unwritten.abort(error);
        throw error;
      }),
    );
    this.outputBuffers.set(run, speech);
    const failed = (code: RunErrorCode, message: string): Outcome => ({
      ...failure(code, message),
      ...(usage && { usage }),
    });
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
        tools: agent.tools,
        signal: AbortSignal.any([signal, unwritten.signal]),
      });
      for await (const piece of pieces) {
        if (piece.kind === "usage") {
          usage = piece.usage;
        } else if (piece.kind === "text") {
          if (await speech.add(piece.text)) continue;
          await this.recordLateUsage(run, usage);
          return undefined;
        } else if (piece.kind === "citation") {
          const document = documents.find(({ id }) => id === piece.documentId);
          if (document) citations.push({ document, quote: piece.quote, page: piece.page });
        } else {
          await speech.flush();
          if (await this.record.appendToolEvent(run, piece)) continue;
          await this.recordLateUsage(run, usage);
          return undefined;
        }
      }
      if (await speech.flush()) return { status: "SUCCEEDED", citations, ...(usage && { usage }) };
      await this.recordLateUsage(run, usage);
      return undefined;
    } catch (error) {
      await this.flush((other) => other === run);
      if (signal.aborted) {
        await this.recordLateUsage(run, usage);
        return undefined;
      }
      const fault: unknown = unwritten.signal.aborted ? unwritten.signal.reason : error;
      if (isUnavailable(fault)) {
        this.log.error({ err: fault.cause, runId: run.id }, "could not write down a run, which is broken off");
        return { isInterrupted: true, ...(usage && { usage }) };
      }
      if (fault instanceof ModelError) return failed(fault.code, fault.message);
      if (fault instanceof StorageUnavailableError) {
        this.log.error({ err: fault, runId: run.id }, "could not reach the documents of a run");
        return failed("DOCUMENTS_UNAVAILABLE", "The documents of this session can't be reached now. Execute it again.");
      }
      this.log.error({ err: fault, runId: run.id }, "a run failed");
      return failed("MODEL_FAILED", "The model could not answer. The server's log says why.");
    } finally {
      this.outputBuffers.delete(run);
    }
  }

  /** Writes what models have said so far in these runs, as far as they are answered here, for who is going to end them. */
  async flush(isMeant: (run: Run) => boolean): Promise<void> {
    const meant = [...this.outputBuffers].filter(([run]) => isMeant(run));
    // What fails is told to the run itself.
    await Promise.allSettled(meant.map(([, speech]) => speech.flush()));
  }

  /** Somebody else has ended the run, and could not know what it had taken until then. */
  private async recordLateUsage(run: Run, usage: TokenUsage | undefined): Promise<undefined> {
    try {
      if (usage) await this.record.recordUsage(run, usage);
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "could not note what a run had taken");
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
      take: maxHistoryMessages,
    });
    return newestFirst.reverse().sort((one, other) => compare(one.runId, other.runId));
  }
}

const idsOf = (documents: readonly Document[]): string[] => documents.map(({ id }) => id);

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
