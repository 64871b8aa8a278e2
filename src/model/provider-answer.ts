import { isNativeError } from "node:util/types";
import { stepCountIs, streamText } from "ai";
import { maxArgumentChars, type Toolbox } from "./tools/toolbox";
import { ModelError, type ModelChunk, type ModelSettings, type TokenUsage } from "./model";
import type { Prompt } from "./prompt";
import type { LanguageModel } from "./language-model";
import { IncompleteStreamError, ProviderStreamError, tooLong } from "./provider-failure";
import { UsageOfSteps, usageOf } from "./provider-usage";
import { Backpressure, withStreamMiddleware } from "./stream-middleware";
import { resultOf, toolsOf } from "./tool-set";

/** How often a provider is asked in one run: each time but the first it is told what came of the tools that it called. */
const maxSteps = 8;

/** What a provider's model is asked, and what it may use. */
export interface ProviderQuestion {
  readonly prompt: Prompt;
  readonly settings: ModelSettings;
  readonly toolbox: Toolbox;
  readonly signal: AbortSignal;
}

/** Has a provider's model answer, in as many steps as it takes. */
export async function* providerAnswer(model: LanguageModel, question: ProviderQuestion): AsyncGenerator<ModelChunk> {
  const { prompt, settings, toolbox, signal } = question;
  const { temperature, maxOutputTokens } = settings;
  const pace = new Backpressure();
  const usage = new UsageOfSteps();
  let told: TokenUsage | undefined;
  let step = 0;
  let stepOfText = 0;
  const { fullStream } = streamText({
    model: withStreamMiddleware(model, pace, usage),
    ...(prompt.system !== undefined && { system: prompt.system }),
    messages: [...prompt.messages],
    ...(temperature !== null && { temperature }),
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    providerOptions: { openai: { store: false } },
    ...toolsOf(toolbox, maxSteps, signal),
    stopWhen: stepCountIs(maxSteps),
    maxRetries: 0,
    abortSignal: signal,
    // Errors come as parts too; the library's default prints them.
    onError: () => undefined,
  });
  for await (const part of fullStream) {
    switch (part.type) {
      case "start-step":
        step++;
        break;
      case "text-delta":
        if (part.text !== "" && stepOfText !== 0 && stepOfText !== step) yield { kind: "text", text: "\n\n" };
        if (part.text !== "") stepOfText = step;
        yield { kind: "text", text: part.text };
        pace.consumed();
        break;
      case "tool-input-delta":
        pace.consumed();
        break;
      case "tool-call": {
        if (step >= maxSteps) throw stepsExceeded();
        const asked = JSON.stringify(part.input);
        if (asked.length > maxArgumentChars)
          throw tooLong(`more than ${maxArgumentChars.toLocaleString("en")} characters for a tool`);
        yield { kind: "tool call", ...whichCall(part), arguments: asked };
        break;
      }
      case "tool-result":
      case "tool-error":
        yield { kind: "tool result", ...whichCall(part), ...resultOf(part) };
        break;
      case "error":
        throw isNativeError(part.error) ? part.error : new ProviderStreamError();
      case "finish":
        usage.settle(usageOf(part.totalUsage.inputTokens, part.totalUsage.outputTokens));
        break;
    }
    if (usage.total && usage.total !== told) yield { kind: "usage", usage: (told = usage.total) };
    if (part.type === "finish") checkEnd(part.finishReason, part.rawFinishReason, settings);
  }
  signal.throwIfAborted();
}

/** A provider's own names may be of any length. */
const whichCall = ({ toolCallId, toolName }: { toolCallId: string; toolName: string }) => ({
  callId: toolCallId.slice(0, 255).toWellFormed(),
  name: toolName.slice(0, 255).toWellFormed(),
});

/** @throws where the answer is not complete */
function checkEnd(reason: string, raw: string | undefined, { maxOutputTokens }: ModelSettings): void {
  if (reason === "length")
    throw tooLong(
      maxOutputTokens === null
        ? "as many tokens as the provider allows"
        : `the ${maxOutputTokens} tokens that the agent allows`,
    );
  if (reason === "content-filter") throw new ModelError("MODEL_REJECTED", "The model's provider withheld the answer.");
  if (reason === "error") throw new ProviderStreamError();
  if (reason === "other" && raw === undefined) throw new IncompleteStreamError();
}

const stepsExceeded = (): ModelError =>
  new ModelError(
    "TOOL_STEPS_EXCEEDED",
    `The model went on calling tools in step ${maxSteps}, the last that a run has.`,
  );
