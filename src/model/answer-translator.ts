import { isNativeError } from "node:util/types";
import type { TextStreamPart, ToolSet } from "ai";
import { ModelError, type ModelChunk, type ModelSettings } from "./model";
import { IncompleteStreamError, ProviderStreamError, tooLong } from "./provider-failure";
import { resultOf } from "./tool-set";
import { maxArgumentChars } from "./tools/toolbox";

type StreamPart = TextStreamPart<ToolSet>;
type ToolCallPart = Extract<StreamPart, { type: "tool-call" }>;
type FinishPart = Extract<StreamPart, { type: "finish" }>;

/** Translates the parts of one `streamText` call into chunks. */
export class AnswerTranslator {
  private step = 0;
  /** The last step that had text; 0 if none had. */
  private textStep = 0;

  constructor(private readonly maxSteps: number) {}

  /** @throws if the provider reports an error or exceeds a limit */
  *chunksOf(part: StreamPart): Generator<ModelChunk> {
    switch (part.type) {
      case "start-step":
        this.step++;
        return;
      case "text-delta":
        yield* this.textOf(part.text);
        return;
      case "tool-call":
        yield this.toolCallOf(part);
        return;
      case "tool-result":
      case "tool-error":
        yield { kind: "tool result", ...identityOf(part), ...resultOf(part) };
        return;
      case "error":
        throw isNativeError(part.error) ? part.error : new ProviderStreamError();
    }
  }

  /** Separates the texts of two steps by a blank line. */
  private *textOf(text: string): Generator<ModelChunk> {
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
    return { kind: "tool call", ...identityOf(part), arguments: json };
  }
}

/** Providers do not limit the length of ids and names. */
const identityOf = ({ toolCallId, toolName }: { toolCallId: string; toolName: string }) => ({
  callId: toolCallId.slice(0, 255).toWellFormed(),
  name: toolName.slice(0, 255).toWellFormed(),
});

/** @throws if the answer is incomplete */
export function assertComplete(
  { finishReason, rawFinishReason }: FinishPart,
  { maxOutputTokens }: ModelSettings,
): void {
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
  }
}
