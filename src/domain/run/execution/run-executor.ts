import type { Logger } from "pino";
import { In, LessThan } from "typeorm";
import { Agent } from "../../agent/agent.entity";
import type { Database } from "../../../platform/database/database";
import { Document } from "../../document/document.entity";
import { isUnavailable } from "../../../errors";
import type { ModelCatalog } from "../../../model/catalog";
import { ModelError, type TokenUsage } from "../../../model/model";
import { type ToolServer, ToolsUnavailableError } from "../../../model/tools/tool-server";
import type { ToolServers } from "../../tool-server/tool-servers";
import { Message } from "../../session/message.entity";
import { type DocumentStorage, StorageUnavailableError } from "../../../platform/storage/document-storage";
import type { Run } from "../run.entity";
import { AnswerRecorder, ClaimLostError } from "./answer-recorder";
import type { ExecutedRun } from "./executed-run";
import { type ExecutionResult, failure, type Interrupted, type Outcome } from "./run-outcome";
import { describeResult, startRunSpan } from "./run-span";
import type { RunStore } from "./run-store";
import type { WorkSpan } from "../../../platform/tracing/work-span";

/** A model receives at most this number of messages of the conversation. */
const maxHistoryMessages = 50;

/** Executes runs: calls the agent's model with the session's messages and documents, and stores its answer. */
export class RunExecutor {
  private readonly recorders = new Map<Run, AnswerRecorder>();

  constructor(
    private readonly db: Database,
    private readonly store: RunStore,
    private readonly models: ModelCatalog,
    private readonly storage: DocumentStorage,
    private readonly toolServers: ToolServers,
    private readonly log: Logger,
  ) {}

  /**
   * Stores the output of the run while the model produces it.
   *
   * @param end stores the result. It is not called if the run was ended, requeued or taken over during the execution
   */
  async execute(run: ExecutedRun, signal: AbortSignal, end: (result: ExecutionResult) => Promise<void>): Promise<void> {
    const recorder = new AnswerRecorder(run, this.store);
    const span = startRunSpan(run);
    this.recorders.set(run.run, recorder);
    try {
      await span.run(async () => {
        const result = await this.resultFor(run, recorder, span, signal);
        describeResult(span, result, recorder.usage);
        if (result !== "ABORTED") await recorder.end(() => end(result));
      });
    } finally {
      this.recorders.delete(run.run);
      span.end();
    }
  }

  /**
   * Stores the buffered output of matching runs that execute on this instance, so that it is kept when they are ended. Of
   * those that are about to end, waits for the end.
   */
  async flush(matches: (run: Run) => boolean): Promise<void> {
    const matching = [...this.recorders].filter(([run]) => matches(run));
    // The execution itself handles a write that fails.
    await Promise.allSettled(matching.map(([, recorder]) => recorder.flush()));
  }

  private async resultFor(
    executed: ExecutedRun,
    recorder: AnswerRecorder,
    span: WorkSpan,
    signal: AbortSignal,
  ): Promise<ExecutionResult | "ABORTED"> {
    const { run } = executed;
    try {
      return withUsage(await this.answer(executed, recorder, span, signal), recorder);
    } catch (error) {
      await this.flush((other) => other === run);
      if (signal.aborted || error instanceof ClaimLostError) {
        await this.recordLateUsage(run, recorder.usage);
        return "ABORTED";
      }
      const cause: unknown = recorder.writeFailed.aborted ? recorder.writeFailed.reason : error;
      return withUsage(this.resultOf(cause, run), recorder);
    }
  }

  private async answer(
    { run, begun }: ExecutedRun,
    recorder: AnswerRecorder,
    span: WorkSpan,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const agent = begun?.agent ?? (await this.db.read.findOneBy(Agent, { id: run.agentId }));
    if (!agent) return failure("AGENT_DELETED", "The agent was deleted before this run was executed.");
    span.describe(() => ({ "gen_ai.request.model": agent.model }));
    const model = await this.models.find(agent.appId, agent.model);
    if (!model) return failure("MODEL_UNAVAILABLE", `The model ${agent.model} no longer exists.`);

    const tools = await this.toolsOf(agent);
    const documents = begun?.hasDocuments === false ? [] : await this.documentsOf(run);
    let earlier: Promise<Message[]> | undefined;
    const chunks = model.answer({
      share: { appId: agent.appId, lane: run.apiKeyId ?? "" },
      instructions: agent.instructions,
      text: run.input,
      // Not all models need it.
      earlier: () => (earlier ??= this.earlierMessages(run)),
      documents,
      withIndexes: (search, stop) => this.storage.withIndexes(idsOf(documents), search, stop),
      settings: agent,
      tools,
      signal: AbortSignal.any([signal, recorder.writeFailed]),
    });
    for await (const chunk of chunks) await recorder.record(chunk);
    const lastOutput = await recorder.close();

    const byId = new Map(documents.map((document) => [document.id, document]));
    const citations = recorder.citations.flatMap(({ documentId, quote, page }) => {
      const document = byId.get(documentId);
      return document ? [{ document, quote, page }] : [];
    });
    return { status: "SUCCEEDED", citations, lastOutput };
  }

  private async toolsOf(agent: Agent): Promise<ToolServer[]> {
    try {
      return await this.toolServers.targetsOf(agent);
    } catch (error) {
      throw error instanceof ToolsUnavailableError ? new ModelError("TOOLS_UNAVAILABLE", error.message) : error;
    }
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

  private documentsOf({ sessionId, documentIds }: Run): Promise<Document[]> {
    const chosen = documentIds === null ? {} : { id: In(documentIds) };
    return this.db.read.find(Document, { where: { sessionId, status: "READY", ...chosen }, order: { id: "ASC" } });
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
