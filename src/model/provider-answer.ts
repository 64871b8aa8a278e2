import { stepCountIs, streamText } from "ai";
import { AnswerTranslator, assertComplete } from "./answer-translator";
import type { LanguageModel } from "./language-model";
import type { ModelChunk, ModelSettings, TokenUsage } from "./model";
import type { Prompt } from "./prompt";
import { tokenUsage, UsageAccumulator } from "./provider-usage";
import { Backpressure, withStreamMiddleware } from "./stream-middleware";
import { toolOptions } from "./tool-set";
import type { Toolbox } from "./tools/toolbox";

/** Requests to the provider in one run. Each request but the first sends the results of tool calls. */
const maxSteps = 8;

export interface ProviderQuestion {
  readonly prompt: Prompt;
  readonly settings: ModelSettings;
  readonly toolbox: Toolbox;
  readonly signal: AbortSignal;
}

/** Streams a model's answer, with the tool calls that it makes. */
export async function* providerAnswer(model: LanguageModel, question: ProviderQuestion): AsyncGenerator<ModelChunk> {
  const { settings, signal } = question;
  const backpressure = new Backpressure();
  const usage = new UsageAccumulator();
  const translator = new AnswerTranslator(maxSteps);
  let reported: TokenUsage | undefined;
  const { fullStream } = streamText({
    model: withStreamMiddleware(model, backpressure, usage),
    ...optionsOf(question),
  });
  for await (const part of fullStream) {
    yield* translator.chunksOf(part);
    if (part.type === "text-delta" || part.type === "tool-input-delta") backpressure.consumed();
    if (part.type === "finish") usage.finish(tokenUsage(part.totalUsage.inputTokens, part.totalUsage.outputTokens));
    if (usage.total && usage.total !== reported) yield { kind: "usage", usage: (reported = usage.total) };
    if (part.type === "finish") assertComplete(part, settings);
  }
  signal.throwIfAborted();
}

function optionsOf({ prompt, settings, toolbox, signal }: ProviderQuestion) {
  const { temperature, maxOutputTokens } = settings;
  return {
    ...(prompt.system !== undefined && { system: prompt.system }),
    messages: [...prompt.messages],
    ...(temperature !== null && { temperature }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    providerOptions: { openai: { store: false } },
    ...toolOptions(toolbox, maxSteps, signal),
    stopWhen: stepCountIs(maxSteps),
    maxRetries: 0,
    abortSignal: signal,
    // The stream has errors as parts too; the default handler prints them.
    onError: () => undefined,
  };
}
