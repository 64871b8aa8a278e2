import { z } from "zod";
import type { TokenUsage } from "./model";

/** GraphQL's Int holds no larger number; a larger count is invalid. */
const tokens = z.number().min(0).max(2_147_483_647).transform(Math.ceil).nullish().catch(undefined);

const counts = z.object({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  input_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
  output_tokens: tokens,
  total_tokens: tokens,
  promptTokenCount: tokens,
  candidatesTokenCount: tokens,
  thoughtsTokenCount: tokens,
  totalTokenCount: tokens,
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
    usage.completion_tokens ??
    usage.output_tokens ??
    sum(usage.candidatesTokenCount ?? (usage.thoughtsTokenCount == null ? undefined : 0), usage.thoughtsTokenCount);
  const total = usage.total_tokens ?? usage.totalTokenCount ?? 0;
  // Some providers report the one count and the total, and leave the other out or at 0.
  const orRest = (count: number | undefined, other = 0) =>
    count || (other > 0 && total > other ? total - other : undefined);
  const merged = tokenUsage(
    orRest(input, output) ?? previous?.inputTokens ?? input,
    orRest(output, input) ?? previous?.outputTokens ?? output,
  );
  return merged && merged.totalTokens > 0 ? merged : previous;
}

/** The total that a raw chunk reports although it reports neither input nor output. */
function loneTotalIn(raw: unknown): number | undefined {
  const { data } = rawChunk.safeParse(raw);
  const usage = data?.usage ?? data?.usageMetadata;
  return usage?.total_tokens || usage?.totalTokenCount || undefined;
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

/**
 * Adds up the usage of an answer's steps while they stream. What a provider has not reported is estimated, so that a
 * limit of tokens also counts the answers of providers that report none, and those that were stopped before the report.
 */
export class UsageAccumulator {
  private final: TokenUsage | undefined;
  private current: TokenUsage | undefined;
  private previousSteps: TokenUsage | undefined;
  private reported: TokenUsage | undefined;
  /** Set if the provider has reported only a total for the current step. */
  private reportedTotal: number | undefined;
  private inputBytes: number | undefined;
  private outputBytes = 0;

  get total(): TokenUsage | undefined {
    this.current ??= this.final ?? added(this.previousSteps, this.stepSoFar());
    return this.current;
  }

  beginStep(): void {
    this.previousSteps = added(this.previousSteps, this.wholeStep());
    this.reported = this.reportedTotal = undefined;
    this.inputBytes = undefined;
    this.outputBytes = 0;
    this.current = undefined;
  }

  /** The provider has begun to answer the request of the current step. */
  acceptedInput(bytes: number): void {
    this.inputBytes = bytes;
    this.current = undefined;
  }

  producedOutput(text: string): void {
    this.outputBytes += Buffer.byteLength(text);
    this.current = undefined;
  }

  /** @param raw a chunk as the provider sent it */
  add(raw: unknown): void {
    this.reportedTotal = loneTotalIn(raw) ?? this.reportedTotal;
    const step = mergeUsage(this.reported, raw);
    this.current = undefined;
    this.reported = step;
  }

  /** @param total of the SDK, which counts what the provider left out as 0; it is used if nothing else is known */
  finish(total: TokenUsage | undefined): void {
    this.final = added(this.previousSteps, this.wholeStep()) ?? total;
    this.current = undefined;
  }

  /** A step that is complete has been reported in full, except for a count that is 0 although there was something. */
  private wholeStep(): TokenUsage | undefined {
    const { reported, inputBytes = 0, outputBytes } = this;
    if (!reported) return this.stepSoFar();
    const { inputTokens, outputTokens } = reported;
    const [input, output] = [inputTokens || tokensOf(inputBytes), outputTokens || tokensOf(outputBytes)];
    return input === inputTokens && output === outputTokens ? reported : estimate(input, output);
  }

  private stepSoFar(): TokenUsage | undefined {
    const outputTokens = tokensOf(this.outputBytes);
    if (!this.reported && this.reportedTotal !== undefined) {
      const ofOutput = Math.min(outputTokens, this.reportedTotal);
      return estimate(this.reportedTotal - ofOutput, ofOutput);
    }
    if (this.reported) {
      // Some providers report the input, with little or no output, before they begin to answer.
      const isBehind = this.reported.outputTokens < outputTokens;
      return isBehind ? estimate(this.reported.inputTokens, outputTokens) : this.reported;
    }
    return this.inputBytes === undefined ? undefined : estimate(tokensOf(this.inputBytes), outputTokens);
  }
}

/** Four bytes of UTF-8 are about a token, in English and Chinese and for every model. */
const tokensOf = (bytes: number): number => Math.ceil(bytes / 4);

function estimate(inputTokens: number, outputTokens: number): TokenUsage | undefined {
  const usage = tokenUsage(inputTokens, outputTokens);
  return usage && { ...usage, estimated: true };
}

function added(one: TokenUsage | undefined, other: TokenUsage | undefined): TokenUsage | undefined {
  if (!one || !other) return one ?? other;
  const sum = tokenUsage(one.inputTokens + other.inputTokens, one.outputTokens + other.outputTokens);
  return sum && (one.estimated || other.estimated ? { ...sum, estimated: true } : sum);
}
