import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { DocumentReader } from "../retrieval/document-reader";
import type { Fetch } from "../platform/outbound/fetch";
import type { ToolTimings } from "./tools/mcp-server";
import { Toolbox } from "./tools/toolbox";
import { ToolsUnavailableError } from "./tools/tool-server";
import { type Model, ModelError, type ModelChunk, type ModelRequest, type ModelSettings } from "./model";
import { findPassages } from "./passages";
import { citationsIn, promptOf } from "./prompt";
import type { LanguageModel } from "./language-model";
import { providerAnswer, type ProviderQuestion } from "./provider-answer";
import { diagnose, tooLong } from "./provider-failure";

const maxPassages = 8;

/** The longest answer that is taken, in characters: some 100,000 tokens. */
const maxAnswerChars = 400_000;

/** How often a provider is asked that fails in a way that may pass. */
const maxAttempts = 3;
/** How long to wait before asking a second time, and twice as long each time after that, in milliseconds. */
const firstRetryDelayMs = 500;
/** A provider that wants to be left alone for longer is not asked again, in milliseconds. */
const maxRetryDelayMs = 20_000;

/** Answers by a provider's language model, from what was said in the session and the passages that match. */
export class ProviderModel implements Model {
  /** @param log says which connection and model this is */
  constructor(
    private readonly model: LanguageModel,
    private readonly reader: DocumentReader,
    /** The way out to tools. */
    private readonly fetch: Fetch,
    private readonly toolTimings: ToolTimings,
    private readonly log: Logger,
    private readonly attempts = maxAttempts,
  ) {}

  async *answer(request: ModelRequest): AsyncIterable<ModelChunk> {
    const { settings, signal } = request;
    const stopped = new AbortController();
    const giveUp = () => stopped.abort(signal.reason);
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
    const timer = setTimeout(() => stopped.abort(timedOut(settings)), settings.timeoutSeconds * 1_000);
    let toolbox: Toolbox | undefined;
    try {
      toolbox = await Toolbox.open(request.tools, this.fetch, this.toolTimings, stopped.signal);
      const passages = await findPassages(this.reader, request, maxPassages, stopped.signal);
      const prompt = promptOf(request, passages);
      let answer = "";
      for await (const piece of this.withRetry({ prompt, settings, toolbox, signal: stopped.signal })) {
        yield piece;
        if (piece.kind !== "text") continue;
        answer += piece.text;
        if (answer.length > maxAnswerChars)
          throw tooLong(`more than ${maxAnswerChars.toLocaleString("en")} characters`);
      }
      yield* citationsIn(answer, passages);
    } catch (error) {
      // Whatever broke then broke because of that.
      stopped.signal.throwIfAborted();
      throw error instanceof ToolsUnavailableError ? new ModelError("TOOLS_UNAVAILABLE", error.message) : error;
    } finally {
      toolbox?.close();
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      // Closes the connection to the provider, whichever way this ends.
      stopped.abort();
    }
  }

  /** Asks again where that may help, but never once the answer has begun or a tool was used. */
  private async *withRetry(question: ProviderQuestion): AsyncIterable<ModelChunk> {
    const { toolbox, signal } = question;
    for (let attempt = 1; ; attempt++) {
      let hasBegun = false;
      try {
        for await (const piece of providerAnswer(this.model, question)) {
          hasBegun ||= piece.kind === "text";
          yield piece;
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        const { failure, isTransient, retryAfter, reason } = diagnose(error);
        this.log.warn({ code: failure.code, reason, attempt }, "a model's provider failed");
        const pause = retryAfter ?? firstRetryDelayMs * 2 ** (attempt - 1) * (1 + Math.random() / 4);
        if (!isTransient || hasBegun || toolbox.wasUsed || attempt >= this.attempts || pause > maxRetryDelayMs)
          throw failure;
        await delay(pause, undefined, { signal });
      }
    }
  }
}

const timedOut = ({ timeoutSeconds }: ModelSettings): ModelError =>
  new ModelError(
    "MODEL_TIMEOUT",
    `The model did not finish within ${timeoutSeconds} s, the time that the agent allows.`,
  );
