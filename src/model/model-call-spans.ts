import { context } from "@opentelemetry/api";
import { SpanKind, WorkSpan } from "../platform/tracing/work-span";
import type { LanguageModel, ModelStreamPart } from "./language-model";

type FinishPart = Extract<ModelStreamPart, { type: "finish" }>;

/** How the semantic conventions of OpenTelemetry name providers that the AI SDK names otherwise. */
const providerNames: Readonly<Record<string, string>> = { google: "gcp.gemini", compatible: "openai" };

/** The spans of the requests to a provider for one answer, of which one at a time is under way. */
export class ModelCallSpans {
  private current = WorkSpan.none;
  /** The AI SDK makes later requests from the callbacks of streams, which know nothing of the run. */
  private readonly parent = context.active();

  constructor(private readonly model: LanguageModel) {}

  /** Sends a request. */
  run<Result>(send: () => Result): Result {
    const { modelId, provider } = this.model;
    this.current = WorkSpan.start(`chat ${modelId}`, { kind: SpanKind.CLIENT, parent: this.parent });
    this.current.describe(() => ({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": providerNameOf(provider),
      "gen_ai.request.model": modelId,
    }));
    return this.current.run(send);
  }

  finish({ usage, finishReason }: FinishPart): void {
    this.current.describe(() => ({
      "gen_ai.usage.input_tokens": usage.inputTokens.total,
      "gen_ai.usage.output_tokens": usage.outputTokens.total,
      "gen_ai.response.finish_reasons": [finishReason.unified],
    }));
    this.end();
  }

  /** Of the request under way, if there is one. */
  fail(error: unknown): void {
    this.current.fail(error instanceof Error ? error.name : "_OTHER");
    this.end();
  }

  end(): void {
    this.current.end();
    this.current = WorkSpan.none;
  }
}

function providerNameOf(provider: string): string {
  const [name = provider] = provider.split(".");
  return providerNames[name] ?? name;
}
