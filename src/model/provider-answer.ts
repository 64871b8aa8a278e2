import { stepCountIs, streamText, type TextStreamPart, type ToolSet } from "ai";
import { AnswerTranslator } from "./answer-translator";
import type { LanguageModel } from "./language-model";
import type { ModelChunk, ModelSettings, TokenUsage } from "./model";
import { ModelCallSpans } from "./model-call-spans";
import type { Prompt } from "./prompt";
import { tokenUsage, UsageAccumulator } from "./provider-usage";
import { Backpressure, isDelta, withStreamMiddleware } from "./stream-middleware";
import { toolOptions } from "./tool-set";
import type { Toolbox } from "./tools/toolbox";

/** Requests to the provider in one run. Each request but the first sends the results of tool calls. */
const maxSteps = 8;

export interface ProviderQuestion {
  readonly prompt: Prompt;
  readonly settings: ModelSettings;
  readonly toolbox: Toolbox;
  /** Whether results of tools may have images. */
  readonly takesImages: boolean;
  readonly signal: AbortSignal;
}

/** Streams a model's answer, with the tool calls that it makes. */
export async function* providerAnswer(model: LanguageModel, question: ProviderQuestion): AsyncGenerator<ModelChunk> {
  const { settings, toolbox, signal } = question;
  const backpressure = new Backpressure();
  const usage = new UsageAccumulator();
  const spans = new ModelCallSpans(model);
  const translator = new AnswerTranslator(maxSteps, toolbox);
  let reported: TokenUsage | undefined;
  const { fullStream } = streamText({
    model: withStreamMiddleware(model, backpressure, usage, spans),
    ...optionsOf(question),
  });
  try {
    for await (const part of fullStream) {
      yield* translator.chunksOf(part);
      if (isDelta(part, deltaOf(part))) backpressure.consumed();
      if (part.type === "finish") usage.finish(tokenUsage(part.totalUsage.inputTokens, part.totalUsage.outputTokens));
      if (usage.total && usage.total !== reported) yield { kind: "usage", usage: (reported = usage.total) };
      if (part.type === "finish") translator.assertComplete(part, settings);
    }
  } catch (error) {
    spans.fail(error);
    // An answer that fails or is stopped has used what it has used.
    if (usage.total && usage.total !== reported) yield { kind: "usage", usage: usage.total };
    throw error;
  } finally {
    // A consumer may stop before the end.
    spans.end();
  }
  signal.throwIfAborted();
}

const deltaOf = (part: TextStreamPart<ToolSet>): string =>
  "text" in part ? part.text : "delta" in part ? part.delta : "";

function optionsOf({ prompt, settings, toolbox, takesImages, signal }: ProviderQuestion) {
  const { temperature, maxOutputTokens } = settings;
  return {
    ...(prompt.system !== undefined && { system: prompt.system }),
    messages: [...prompt.messages],
    ...(temperature !== null && { temperature }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    providerOptions: { openai: { store: false } },
    ...toolOptions(toolbox, maxSteps, takesImages, signal),
    stopWhen: stepCountIs(maxSteps),
    maxRetries: 0,
    abortSignal: signal,
    // The stream has errors as parts too; the default handler prints them.
    onError: () => undefined,
  };
}
