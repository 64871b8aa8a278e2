import { z } from "zod";
import type { TokenUsage } from "./model";

/** GraphQL's Int holds no larger number; a larger count is invalid. */
const tokens = z.number().int().min(0).max(2_147_483_647).nullish();

const counts = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
  output_tokens: tokens,
  promptTokenCount: tokens,
  candidatesTokenCount: tokens,
  thoughtsTokenCount: tokens,
});

/** The places in which the providers' protocols report usage. */
const rawChunk = z.object({
  usage: counts.nullish(),
  message: z.object({ usage: counts.nullish() }).nullish(),
  response: z.object({ usage: counts.nullish() }).nullish(),
  usageMetadata: counts.nullish(),
});

/** Merges the usage that a provider's raw chunk reports into the usage known before; returns `previous` if it reports none. */
export function mergeUsage(previous: TokenUsage | undefined, raw: unknown): TokenUsage | undefined {
  const { data } = rawChunk.safeParse(raw);
  const usage = data?.usage ?? data?.message?.usage ?? data?.response?.usage ?? data?.usageMetadata;
  if (!usage) return previous;
  const input =
    usage.prompt_tokens ??
    usage.promptTokenCount ??
    sum(usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens);
  const output =
    usage.completion_tokens ?? usage.output_tokens ?? sum(usage.candidatesTokenCount, usage.thoughtsTokenCount);
  return tokenUsage(input ?? previous?.inputTokens, output ?? previous?.outputTokens) ?? previous;
}

/** @returns undefined if neither count is known */
export function tokenUsage(input: number | undefined, output: number | undefined): TokenUsage | undefined {
  if (input === undefined && output === undefined) return undefined;
  const inputTokens = tokens.safeParse(input).data ?? 0;
  const outputTokens = tokens.safeParse(output).data ?? 0;
  return { inputTokens, outputTokens, totalTokens: tokens.safeParse(inputTokens + outputTokens).data ?? 0 };
}

/** @returns undefined if the first count is unknown */
function sum(first: number | null | undefined, ...rest: (number | null | undefined)[]): number | undefined {
  return first == null ? undefined : rest.reduce<number>((total, each) => total + (each ?? 0), first);
}

/** Adds up the usage of an answer's steps while they stream. */
export class UsageAccumulator {
  total: TokenUsage | undefined;
  private previousSteps: TokenUsage | undefined;
  private currentStep: TokenUsage | undefined;

  beginStep(): void {
    this.previousSteps = this.total;
    this.currentStep = undefined;
  }

  /** @param raw a chunk as the provider sent it */
  add(raw: unknown): void {
    const step = mergeUsage(this.currentStep, raw);
    if (!step || step === this.currentStep) return;
    this.currentStep = step;
    const { previousSteps } = this;
    this.total = previousSteps
      ? tokenUsage(previousSteps.inputTokens + step.inputTokens, previousSteps.outputTokens + step.outputTokens)
      : step;
  }

  /** @param total the final total, which replaces the sum unless it is unknown */
  finish(total: TokenUsage | undefined): void {
    this.total = total ?? this.total;
  }
}
