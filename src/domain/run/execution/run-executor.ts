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
import type { Run } from "../run.entity";
import { AnswerRecorder, ClaimLostError } from "./answer-recorder";
import { failure, type Outcome, type RunStore } from "./run-store";

/** The database became unavailable during the execution. The caller requeues or ends the run. */
export interface Interrupted {
  readonly isInterrupted: true;
  readonly usage?: TokenUsage;
}

/** "CLAIM_LOST": the run was ended, requeued or taken over during the execution, so there is nothing to store. */
export type ExecutionResult = Outcome | Interrupted | "CLAIM_LOST";

/** How many messages of the conversation a model receives. */
const maxHistoryMessages = 50;

/** Executes runs: calls the agent's model with the session's messages and documents, and stores its answer. */
export class RunExecutor {
  private readonly recorders = new Map<Run, AnswerRecorder>();

  constructor(
    private readonly db: Database,
    private readonly store: RunStore,
    private readonly models: ModelCatalog,
    private readonly storage: DocumentStorage,
    private readonly log: Logger,
  ) {}

  /** Stores the output of the run while the model produces it. The caller stores the outcome. */
  async execute(run: Run, signal: AbortSignal): Promise<ExecutionResult> {
    const recorder = new AnswerRecorder(run, this.store);
    this.recorders.set(run, recorder);
    try {
      return withUsage(await this.answer(run, recorder, signal), recorder);
    } catch (error) {
      await this.flush((other) => other === run);
      if (signal.aborted || error instanceof ClaimLostError) {
        await this.recordLateUsage(run, recorder.usage);
        return "CLAIM_LOST";
      }
      const cause: unknown = recorder.writeFailed.aborted ? recorder.writeFailed.reason : error;
      return withUsage(this.resultOf(cause, run), recorder);
    } finally {
      this.recorders.delete(run);
    }
  }

  /** Stores the buffered output of matching runs that execute on this instance, so that it is kept when they are ended. */
  async flush(matches: (run: Run) => boolean): Promise<void> {
    const matching = [...this.recorders].filter(([run]) => matches(run));
    // The execution itself handles a write that fails.
    await Promise.allSettled(matching.map(([, recorder]) => recorder.flush()));
  }

  private async answer(run: Run, recorder: AnswerRecorder, signal: AbortSignal): Promise<Outcome> {
    const agent = await this.db.read.findOneBy(Agent, { id: run.agentId });
    if (!agent) return failure("AGENT_DELETED", "The agent was deleted before this run was executed.");
    const model = await this.models.find(agent.appId, agent.model);
    if (!model) return failure("MODEL_UNAVAILABLE", `The model ${agent.model} no longer exists.`);

    const documents = await this.documentsOf(run);
    const chunks = model.answer({
      instructions: agent.instructions,
      text: run.input,
      earlier: await this.earlierMessages(run),
      documents,
      withIndexes: (search, stop) => this.storage.withIndexes(idsOf(documents), search, stop),
      settings: agent,
      tools: agent.tools,
      signal: AbortSignal.any([signal, recorder.writeFailed]),
    });
    for await (const chunk of chunks) await recorder.record(chunk);
    await recorder.flush();

    const byId = new Map(documents.map((document) => [document.id, document]));
    const citations = recorder.citations.flatMap(({ documentId, quote, page }) => {
      const document = byId.get(documentId);
      return document ? [{ document, quote, page }] : [];
    });
    return { status: "SUCCEEDED", citations };
  }

  private resultOf(error: unknown, run: Run): Outcome | Interrupted {
    if (isUnavailable(error)) {
      this.log.error({ err: error.cause, runId: run.id }, "the database is unavailable; a run is interrupted");
      return { isInterrupted: true };
    }
    if (error instanceof ModelError) return failure(error.code, error.message);
    if (error instanceof StorageUnavailableError) {
      this.log.error({ err: error, runId: run.id }, "failed to read the documents of a run");
      return failure(
        "DOCUMENTS_UNAVAILABLE",
        "The documents of this session cannot be reached now. Execute the agent again.",
      );
    }
    this.log.error({ err: error, runId: run.id }, "a run failed");
    return failure("MODEL_FAILED", "The model could not answer. The server's log says why.");
  }

  /** For a run that was ended or requeued before the usage of this attempt was known. */
  private async recordLateUsage(run: Run, usage: TokenUsage | undefined): Promise<void> {
    try {
      if (usage) await this.store.recordUsage(run, usage);
    } catch (error) {
      this.log.error({ err: error, runId: run.id }, "failed to record the token usage of a run");
    }
  }

  private documentsOf({ sessionId }: Run): Promise<Document[]> {
    return this.db.read.find(Document, { where: { sessionId, status: "READY" }, order: { id: "ASC" } });
  }

  /**
   * The messages of the runs before this one. Ordered by run, because a message that was sent while earlier runs were
   * queued is older than their answers.
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

function withUsage<Result extends Outcome | Interrupted>(result: Result, { usage }: AnswerRecorder): Result {
  return usage ? { ...result, usage } : result;
}

const idsOf = (documents: readonly Document[]): string[] => documents.map(({ id }) => id);

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
