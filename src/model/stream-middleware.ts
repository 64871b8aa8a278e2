import { type LanguageModelMiddleware, wrapLanguageModel } from "ai";
import { finishReasonOf } from "./finish-reason";
import type { LanguageModel, ModelStreamPart } from "./language-model";
import type { ModelCallSpans } from "./model-call-spans";
import { ReasoningParts } from "./reasoning-parts";
import type { UsageAccumulator } from "./provider-usage";

/** Deltas of text, of reasoning or of tool arguments that the producer may be ahead of the consumer. */
const maxAhead = 64;

/** Pauses a producer that is too far ahead of its consumer. */
export class Backpressure {
  private ahead = 0;
  private resume: () => void = () => undefined;

  /** Resolves when there is room for the next delta. */
  async produced(): Promise<void> {
    this.ahead++;
    while (this.ahead >= maxAhead) await new Promise<void>((resolve) => (this.resume = resolve));
  }

  consumed(): void {
    this.ahead--;
    this.resume();
  }
}

/** The names of properties that have no text for the model. */
const notText: ReadonlySet<string> = new Set(["type", "role", "data"]);

/** The names of parts that a consumer confirms. */
const deltaTypes: ReadonlySet<string> = new Set(["text-delta", "reasoning-delta", "tool-input-delta"]);

/** @param text of a part of the model's stream or of `streamText`, which drops texts that are empty */
export const isDelta = ({ type }: { readonly type: string }, text: string): boolean =>
  deltaTypes.has(type) && text !== "";

/**
 * Wraps a model for the AI SDK's `streamText`:
 * - reads usage from raw chunks, since `streamText` reports none for an answer that has no end, and measures input and
 *   output, so that usage that the provider does not report can be estimated,
 * - separates reasoning in tags from the text,
 * - holds tool calls back until the provider says that the answer is complete, so that an answer that fails calls nothing,
 * - traces each request,
 * - applies backpressure, since `streamText` reads as fast as it can and buffers in memory,
 * - drops warnings, since `streamText` prints them.
 */
export function withStreamMiddleware(
  model: LanguageModel,
  backpressure: Backpressure,
  usage: UsageAccumulator,
  spans: ModelCallSpans,
): LanguageModel {
  const middleware: LanguageModelMiddleware = {
    specificationVersion: "v3",
    transformParams: async ({ params }) => ({
      ...params,
      prompt: ReasoningParts.without(params.prompt),
      includeRawChunks: true,
    }),
    wrapStream: async ({ doStream, params: { prompt, tools } }) => {
      usage.beginStep();
      const { stream, ...rest } = await spans.run(doStream);
      const inputBytes = bytesOf(prompt) + bytesOf(tools ?? []);
      const reasoning = new ReasoningParts();
      const heldCalls: ModelStreamPart[] = [];
      let hasBegun = false;
      const transformed: typeof stream = stream.pipeThrough(
        new TransformStream<ModelStreamPart, ModelStreamPart>({
          async transform(part, controller) {
            if (part.type === "raw") {
              usage.add(part.rawValue);
              return;
            }
            if (!hasBegun && !["stream-start", "error"].includes(part.type)) {
              hasBegun = true;
              usage.acceptedInput(inputBytes);
            }
            if (part.type === "tool-call") {
              heldCalls.push(part);
              return;
            }
            for (const each of reasoning.separate(part)) {
              if (each.type === "finish") {
                spans.finish(each);
                const unified = finishReasonOf(each.finishReason);
                if (unified === "stop" || unified === "tool-calls")
                  for (const call of heldCalls) controller.enqueue(call);
                controller.enqueue({ ...each, finishReason: { ...each.finishReason, unified } });
              } else controller.enqueue(each.type === "stream-start" ? { ...each, warnings: [] } : each);
              if (!("delta" in each)) continue;
              usage.producedOutput(each.delta);
              if (isDelta(each, each.delta)) await backpressure.produced();
            }
          },
        }),
      );
      return { stream: transformed, ...rest };
    },
  };
  return wrapLanguageModel({ model, middleware });
}

/** The size of all texts within a value, without its structure, and without images, whose tokens depend on their pixels. */
function bytesOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value).reduce((total, [key, each]) => total + (notText.has(key) ? 0 : bytesOf(each)), 0);
}
