import { z } from "zod";
import type { TokenUsage } from "./model";

/** The most that GraphQL's Int holds; what says more is no count. */
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

/** The places where the providers' protocols tell what an answer takes. */
const told = z.object({
  usage: counts.nullish(),
  message: z.object({ usage: counts.nullish() }).nullish(),
  response: z.object({ usage: counts.nullish() }).nullish(),
  usageMetadata: counts.nullish(),
});

/** What an answer takes as far as it is known, when the provider has told this too. */
export function usageAfter(before: TokenUsage | undefined, raw: unknown): TokenUsage | undefined {
  const { data } = told.safeParse(raw);
  const usage = data?.usage ?? data?.message?.usage ?? data?.response?.usage ?? data?.usageMetadata;
  if (!usage) return before;
  const input =
    usage.prompt_tokens ??
    usage.promptTokenCount ??
    sum(usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens);
  const output =
    usage.completion_tokens ?? usage.output_tokens ?? sum(usage.candidatesTokenCount, usage.thoughtsTokenCount);
  return usageOf(input ?? before?.inputTokens, output ?? before?.outputTokens) ?? before;
}

/** Undefined where nothing is known. */
export function usageOf(input: number | undefined, output: number | undefined): TokenUsage | undefined {
  if (input === undefined && output === undefined) return undefined;
  const inputTokens = tokens.safeParse(input).data ?? 0;
  const outputTokens = tokens.safeParse(output).data ?? 0;
  return { inputTokens, outputTokens, totalTokens: tokens.safeParse(inputTokens + outputTokens).data ?? 0 };
}

function sum(first: number | null | undefined, ...more: (number | null | undefined)[]): number | undefined {
  return first == null ? undefined : more.reduce<number>((total, each) => total + (each ?? 0), first);
}

/** What an answer takes in all its steps, as far as it is known. */
export class UsageOfSteps {
  total: TokenUsage | undefined;
  private before: TokenUsage | undefined;
  private ofStep: TokenUsage | undefined;

  beginStep(): void {
    this.before = this.total;
    this.ofStep = undefined;
  }

  /** Something that a provider says. */
  hear(raw: unknown): void {
    const known = usageAfter(this.ofStep, raw);
    if (!known || known === this.ofStep) return;
    this.ofStep = known;
    const { before } = this;
    this.total = before
      ? usageOf(before.inputTokens + known.inputTokens, before.outputTokens + known.outputTokens)
      : known;
  }

  /** The provider's last word. */
  settle(total: TokenUsage | undefined): void {
    this.total = total ?? this.total;
  }
}
