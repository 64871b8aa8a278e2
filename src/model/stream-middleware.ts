import { type LanguageModelMiddleware, wrapLanguageModel } from "ai";
import type { LanguageModel } from "./language-model";
import type { UsageAccumulator } from "./provider-usage";

/** Deltas of text or of tool arguments that the producer may be ahead of the consumer. */
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

/**
 * Wraps a model for the AI SDK's `streamText`:
 * - reads usage from raw chunks, since `streamText` reports none for an answer that has no end,
 * - applies backpressure, since `streamText` reads as fast as it can and buffers in memory,
 * - drops warnings, since `streamText` prints them.
 */
export function withStreamMiddleware(
  model: LanguageModel,
  backpressure: Backpressure,
  usage: UsageAccumulator,
): LanguageModel {
  const middleware: LanguageModelMiddleware = {
    specificationVersion: "v3",
    transformParams: async ({ params }) => ({ ...params, includeRawChunks: true }),
    wrapStream: async ({ doStream }) => {
      usage.beginStep();
      const { stream, ...rest } = await doStream();
      const transformed: typeof stream = stream.pipeThrough(
        new TransformStream({
          async transform(part, controller) {
            if (part.type === "raw") usage.add(part.rawValue);
            else controller.enqueue(part.type === "stream-start" ? { ...part, warnings: [] } : part);
            const isDelta = part.type === "text-delta" || part.type === "tool-input-delta";
            if (isDelta && part.delta !== "") await backpressure.produced();
          },
        }),
      );
      return { stream: transformed, ...rest };
    },
  };
  return wrapLanguageModel({ model, middleware });
}
