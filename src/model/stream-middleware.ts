import { type LanguageModelMiddleware, wrapLanguageModel } from "ai";
import type { LanguageModel } from "./language-model";
import type { UsageOfSteps } from "./provider-usage";

/** So many pieces of text, or of what a tool is asked, a provider may be ahead of who takes them. */
const mostAhead = 64;

/** Holds a source back that is too far ahead of who takes what it gives. */
export class Backpressure {
  private ahead = 0;
  private goOn: () => void = () => undefined;

  /** Resolves when there is room for more. */
  async produced(): Promise<void> {
    this.ahead++;
    while (this.ahead >= mostAhead) await new Promise<void>((resolve) => (this.goOn = resolve));
  }

  consumed(): void {
    this.ahead--;
    this.goOn();
  }
}

/**
 * A model as the library's `streamText` is to have it. What its provider says in the middle of an answer is told, since
 * it would be lost where the answer has no end. It is held back by `pace`, since the library reads as fast as it can,
 * and keeps in memory what nobody has taken yet. Its warnings are left out, since the library prints them.
 */
export function withStreamMiddleware(model: LanguageModel, pace: Backpressure, usage: UsageOfSteps): LanguageModel {
  const middleware: LanguageModelMiddleware = {
    specificationVersion: "v3",
    transformParams: async ({ params }) => ({ ...params, includeRawChunks: true }),
    wrapStream: async ({ doStream }) => {
      usage.beginStep();
      const { stream, ...rest } = await doStream();
      const tap: typeof stream = stream.pipeThrough(
        new TransformStream({
          async transform(part, controller) {
            if (part.type === "raw") usage.hear(part.rawValue);
            else controller.enqueue(part.type === "stream-start" ? { ...part, warnings: [] } : part);
            const isPaced = part.type === "text-delta" || part.type === "tool-input-delta";
            if (isPaced && part.delta !== "") await pace.produced();
          },
        }),
      );
      return { stream: tap, ...rest };
    },
  };
  return wrapLanguageModel({ model, middleware });
}
