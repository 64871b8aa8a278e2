import { setTimeout as delay } from "node:timers/promises";
import { isNativeError } from "node:util/types";
import { streamText } from "ai";
import type { Logger } from "pino";
import type { Reader } from "../reading/reader";
import {
  type Model,
  ModelFailed,
  type ModelPiece,
  type ModelRequest,
  type ModelSettings,
  type TokenUsage,
} from "./model";
import { findPassages } from "./passages";
import { citationsIn, type Prompt, promptOf } from "./prompt";
import type { LanguageModel } from "./provider";
import { CutOff, diagnose, ToldError, tooLong } from "./provider-failure";
import { usageAfter, usageOf } from "./provider-usage";
import { Pace, tapped } from "./tapped";

const mostPassages = 8;

/** The longest answer that is taken, in characters: some 100,000 tokens. */
const longestAnswer = 400_000;

/** How often a provider is asked that fails in a way that may pass. */
const mostAttempts = 3;
/** How long to wait before asking a second time, and twice as long each time after that, in milliseconds. */
const firstPause = 500;
/** A provider that wants to be left alone for longer is not asked again, in milliseconds. */
const longestPause = 20_000;

/** Answers by a provider's language model, from what was said in the session and the passages that match. */
export class ProviderModel implements Model {
  /** @param log says which connection and model this is */
  constructor(
    private readonly model: LanguageModel,
    private readonly reader: Reader,
    private readonly log: Logger,
    private readonly attempts = mostAttempts,
  ) {}

  async *answer(request: ModelRequest): AsyncIterable<ModelPiece> {
    const { settings, signal } = request;
    const stopped = new AbortController();
    const giveUp = () => stopped.abort(signal.reason);
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) giveUp();
    const timer = setTimeout(() => stopped.abort(timedOut(settings)), settings.timeoutSeconds * 1_000);
    try {
      const passages = await findPassages(this.reader, request, mostPassages, stopped.signal);
      let answer = "";
      for await (const piece of this.persistently(promptOf(request, passages), settings, stopped.signal)) {
        yield piece;
        if (piece.kind !== "text") continue;
        answer += piece.text;
        if (answer.length > longestAnswer) throw tooLong(`more than ${longestAnswer.toLocaleString("en")} characters`);
      }
      yield* citationsIn(answer, passages);
    } catch (error) {
      // Whatever broke then broke because of that.
      stopped.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      // Closes the connection to the provider, whichever way this ends.
      stopped.abort();
    }
  }

  /** Asks again where that may help, but never once the answer has begun. */
  private async *persistently(prompt: Prompt, settings: ModelSettings, signal: AbortSignal): AsyncIterable<ModelPiece> {
    for (let attempt = 1; ; attempt++) {
      let hasBegun = false;
      try {
        for await (const piece of this.once(prompt, settings, signal)) {
          hasBegun ||= piece.kind === "text";
          yield piece;
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        const { failure, isTransient, retryAfter, reason } = diagnose(error);
        this.log.warn({ code: failure.code, reason, attempt }, "a model's provider failed");
        const pause = retryAfter ?? firstPause * 2 ** (attempt - 1) * (1 + Math.random() / 4);
        if (!isTransient || hasBegun || attempt >= this.attempts || pause > longestPause) throw failure;
        await delay(pause, undefined, { signal });
      }
    }
  }

  private async *once(prompt: Prompt, settings: ModelSettings, signal: AbortSignal): AsyncIterable<ModelPiece> {
    let usage: TokenUsage | undefined;
    let told: TokenUsage | undefined;
    const { temperature, maxOutputTokens } = settings;
    const pace = new Pace();
    const { fullStream } = streamText({
      model: tapped(this.model, pace, (raw) => (usage = usageAfter(usage, raw))),
      ...(prompt.system !== undefined && { system: prompt.system }),
      messages: [...prompt.messages],
      ...(temperature !== null && { temperature }),
      ...(maxOutputTokens !== null && { maxOutputTokens }),
      providerOptions: { openai: { store: false } },
      maxRetries: 0,
      abortSignal: signal,
      // Errors come as parts too; the library's default prints them.
      onError: () => undefined,
    });
    for await (const part of fullStream) {
      if (part.type === "text-delta") {
        yield { kind: "text", text: part.text };
        pace.taken();
      }
      if (part.type === "error") throw isNativeError(part.error) ? part.error : new ToldError();
      if (part.type === "finish") usage = usageOf(part.totalUsage.inputTokens, part.totalUsage.outputTokens) ?? usage;
      if (usage && usage !== told) yield { kind: "usage", usage: (told = usage) };
      if (part.type === "finish") checkEnd(part.finishReason, part.rawFinishReason, settings);
    }
    signal.throwIfAborted();
  }
}

/** @throws where the answer is not complete */
function checkEnd(reason: string, raw: string | undefined, { maxOutputTokens }: ModelSettings): void {
  if (reason === "length")
    throw tooLong(
      maxOutputTokens === null
        ? "as many tokens as the provider allows"
        : `the ${maxOutputTokens} tokens that the agent allows`,
    );
  if (reason === "content-filter") throw new ModelFailed("MODEL_REJECTED", "The model's provider withheld the answer.");
  if (reason === "error") throw new ToldError();
  if (reason === "other" && raw === undefined) throw new CutOff();
}

const timedOut = ({ timeoutSeconds }: ModelSettings): ModelFailed =>
  new ModelFailed(
    "MODEL_TIMEOUT",
    `The model did not finish within ${timeoutSeconds} s, the time that the agent allows.`,
  );
