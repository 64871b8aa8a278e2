import { Attempts } from "../platform/process/retry";
import type { Logger } from "pino";
import type { DocumentReader } from "../retrieval/document-reader";
import type { Fetch } from "../platform/outbound/fetch";
import type { ToolTimings } from "./tools/mcp-server";
import { Toolbox } from "./tools/toolbox";
import { ToolsUnavailableError } from "./tools/tool-server";
import { type Model, ModelError, type ModelChunk, type ModelRequest, type ModelSettings } from "./model";
import { findPassages } from "./passages";
import { buildPrompt, citationsIn } from "./prompt";
import type { LanguageModel } from "./language-model";
import { providerAnswer, type ProviderQuestion } from "./provider-answer";
import { diagnose, tooLong } from "./provider-failure";

const maxPassages = 8;

/** About 100,000 tokens. */
const maxAnswerChars = 400_000;

/** Of what is stored. Reasoning that is longer goes on until the agent's timeout. */
const maxReasoningChars = 100_000;

const maxAttempts = 3;
/** A provider that asks for a longer delay is not retried. */
const maxRetryDelayMs = 20_000;

export interface ModelTimings {
  /** The delay before a failed call of a provider is retried for the first time. It doubles with each retry. */
  readonly firstRetryDelayMs: number;
}

export interface ProviderModelOptions {
  /** The maximum number of calls for one answer, if retrying may help. */
  readonly attempts?: number | undefined;
  /** Whether results of tools may have images. */
  readonly takesImages: boolean;
  /** Never becomes part of an error. */
  readonly apiKey: string | null;
}

/** Answers with a provider's language model, from the session's messages and the passages that match. */
export class ProviderModel implements Model {
  /**
   * @param fetch for requests to tool servers
   * @param log is bound to the connection and the model
   */
  constructor(
    private readonly model: LanguageModel,
    private readonly reader: DocumentReader,
    private readonly fetch: Fetch,
    private readonly timings: { readonly models: ModelTimings; readonly tools: ToolTimings },
    private readonly log: Logger,
    private readonly options: ProviderModelOptions = { takesImages: false, apiKey: null },
  ) {}

  async *answer(request: ModelRequest): AsyncIterable<ModelChunk> {
    const { settings, signal } = request;
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    const timer = setTimeout(() => controller.abort(timedOut(settings)), settings.timeoutSeconds * 1_000);
    let toolbox: Toolbox | undefined;
    try {
      toolbox = await Toolbox.open(request.tools, this.fetch, this.timings.tools, controller.signal);
      const passages = await findPassages(this.reader, request, maxPassages, controller.signal);
      const prompt = buildPrompt({ ...request, earlier: await request.earlier() }, passages);
      const { takesImages } = this.options;
      let answer = "";
      let reasoningChars = 0;
      for await (const chunk of this.withRetry({ prompt, settings, toolbox, takesImages, signal: controller.signal })) {
        if (chunk.kind === "reasoning") {
          reasoningChars += chunk.text.length;
          if (reasoningChars > maxReasoningChars) continue;
        }
        yield chunk;
        if (chunk.kind === "retraction") answer = "";
        if (chunk.kind !== "text") continue;
        answer += chunk.text;
        if (answer.length > maxAnswerChars)
          throw tooLong(`the limit of ${maxAnswerChars.toLocaleString("en")} characters`);
      }
      yield* citationsIn(answer, passages);
    } catch (error) {
      // An error after an abort is only a consequence of the abort.
      controller.signal.throwIfAborted();
      throw error instanceof ToolsUnavailableError ? new ModelError("TOOLS_UNAVAILABLE", error.message) : error;
    } finally {
      toolbox?.close();
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      // Closes the connection to the provider, also if the consumer stops early.
      controller.abort();
    }
  }

  /** Retries transient failures, but never after the answer has begun or a tool was called. */
  private async *withRetry(question: ProviderQuestion): AsyncIterable<ModelChunk> {
    const { toolbox, signal } = question;
    const { firstRetryDelayMs } = this.timings.models;
    let retryAfterMs: number | undefined;
    const attempts = new Attempts({
      maxAttempts: this.options.attempts ?? maxAttempts,
      delayMs: (attempt) => retryAfterMs ?? firstRetryDelayMs * 2 ** (attempt - 1) * (1 + Math.random() / 4),
      maxDelayMs: maxRetryDelayMs,
      signal,
    });
    for (let attempt = 1; ; attempt++) {
      let hasBegun = false;
      try {
        for await (const chunk of providerAnswer(this.model, question)) {
          hasBegun ||= chunk.kind === "text" && chunk.text !== "";
          yield chunk;
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        const diagnosis = diagnose(error, this.options.apiKey);
        const { failure, isTransient, reason } = diagnosis;
        this.log.warn({ code: failure.code, reason, attempt }, "a model's provider failed");
        if (!isTransient || hasBegun || toolbox.wasUsed) throw failure;
        retryAfterMs = diagnosis.retryAfter;
        await attempts.waitForNext(failure);
      }
    }
  }
}

const timedOut = ({ timeoutSeconds }: ModelSettings): ModelError =>
  new ModelError("MODEL_TIMEOUT", `The model did not finish within ${timeoutSeconds} s, the time that it may take.`);
