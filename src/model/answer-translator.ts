import { isNativeError } from "node:util/types";
import type { TextStreamPart, ToolSet } from "ai";
import { ModelError, type ModelChunk, type ModelSettings } from "./model";
import { IncompleteStreamError, ProviderStreamError, tooLong } from "./provider-failure";
import { codeOf } from "./provider-code";
import { isRetraction } from "./reasoning-parts";
import { resultOf } from "./tool-set";
import { maxArgumentChars, type Toolbox } from "./tools/toolbox";

type StreamPart = TextStreamPart<ToolSet>;
type ToolCallPart = Extract<StreamPart, { type: "tool-call" }>;
type FinishPart = Extract<StreamPart, { type: "finish" }>;

/** Translates the parts of one `streamText` call into chunks. */
export class AnswerTranslator {
  private step = 0;
  /** The last step that had text; 0 if none had. */
  private textStep = 0;
  private hasText = false;

  constructor(
    private readonly maxSteps: number,
    private readonly toolbox: Pick<Toolbox, "nameOf">,
  ) {}

  /** @throws if the provider reports an error or exceeds a limit */
  *chunksOf(part: StreamPart): Generator<ModelChunk> {
    switch (part.type) {
      case "start-step":
        this.step++;
        return;
      case "text-delta":
        yield* this.textOf(part.text);
        return;
      case "reasoning-delta":
        if (isRetraction(part.providerMetadata)) [this.hasText, this.textStep] = [false, 0];
        yield isRetraction(part.providerMetadata) ? { kind: "retraction" } : { kind: "reasoning", text: part.text };
        return;
      case "tool-call":
        yield this.toolCallOf(part);
        return;
      case "tool-result":
      case "tool-error":
        yield { kind: "tool result", ...this.identityOf(part), ...resultOf(part) };
        return;
      case "error":
        throw isNativeError(part.error) ? part.error : new ProviderStreamError(part.error);
    }
  }

  /** @throws if the answer is incomplete or has no text */
  assertComplete({ finishReason, rawFinishReason }: FinishPart, { maxOutputTokens }: ModelSettings): void {
    const reason = rawFinishReason === undefined ? undefined : codeOf(rawFinishReason);
    switch (finishReason) {
      case "length":
        throw tooLong(
          maxOutputTokens === null ? "the provider's token limit" : `the agent's limit of ${maxOutputTokens} tokens`,
        );
      case "content-filter":
        throw new ModelError("MODEL_REJECTED", "The model's provider blocked the answer with a content filter.");
      case "error":
        throw new ProviderStreamError();
      case "other":
        if (rawFinishReason === undefined) throw new IncompleteStreamError();
        throw new ModelError(
          "MODEL_UNAVAILABLE",
          `The model's provider ended the answer before it was complete${reason === undefined ? "" : `, for the reason \`${reason}\``}.`,
        );
    }
    if (!this.hasText) throw new ModelError("MODEL_OUTPUT_EMPTY", "The model's answer is complete, but has no text.");
  }

  /** Separates the texts of two steps by a blank line. */
  private *textOf(text: string): Generator<ModelChunk> {
    this.hasText ||= text.trim() !== "";
    if (text !== "") {
      if (this.textStep !== 0 && this.textStep !== this.step) yield { kind: "text", text: "\n\n" };
      this.textStep = this.step;
    }
    yield { kind: "text", text };
  }

  private toolCallOf(part: ToolCallPart): ModelChunk {
    if (this.step >= this.maxSteps) {
      throw new ModelError(
        "TOOL_STEPS_EXCEEDED",
        `The model was still calling tools in step ${this.maxSteps}, the last step of a run.`,
      );
    }
    const json = JSON.stringify(part.input);
    if (json.length > maxArgumentChars)
      throw tooLong(`the limit of ${maxArgumentChars.toLocaleString("en")} characters for the arguments of a tool`);
    return { kind: "tool call", ...this.identityOf(part), arguments: json };
  }

  /** Providers do not limit the length of ids and names. */
  private identityOf({ toolCallId, toolName }: { readonly toolCallId: string; readonly toolName: string }) {
    return {
      callId: toolCallId.slice(0, 255).toWellFormed(),
      name: this.toolbox.nameOf(toolName).slice(0, 255).toWellFormed(),
    };
  }
}
