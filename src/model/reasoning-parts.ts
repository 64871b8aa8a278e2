import type { LanguageModel, ModelStreamPart } from "./language-model";
import { ReasoningTags } from "./reasoning-tags";

type Prompt = Parameters<LanguageModel["doStream"]>[0]["prompt"];

/** Marks reasoning that was text, by which it is told apart from reasoning that a provider wants to have back. */
const mark = "latchkey";

/** Makes parts of their own of the reasoning that stands in tags within the text of a stream. */
export class ReasoningParts {
  /** By the id of the text. */
  private readonly tags = new Map<string, ReasoningTags>();
  private openId: string | undefined;
  private count = 0;

  /** A prompt without the reasoning that was text; models take it for an answer, and some providers for an error. */
  static without(prompt: Prompt): Prompt {
    return prompt.map((message) =>
      message.role === "assistant"
        ? { ...message, content: message.content.filter(({ providerOptions }) => !(mark in (providerOptions ?? {}))) }
        : message,
    );
  }

  *separate(part: ModelStreamPart): Generator<ModelStreamPart> {
    if (part.type === "text-start") this.tags.set(part.id, new ReasoningTags());
    const tags = part.type === "text-delta" || part.type === "text-end" ? this.tags.get(part.id) : undefined;
    if (tags && part.type === "text-delta") yield* this.partsOf(part.id, tags.next(part.delta));
    else {
      if (tags && part.type === "text-end") {
        yield* this.partsOf(part.id, tags.end());
        yield* this.endReasoning();
        this.tags.delete(part.id);
      }
      yield part;
    }
  }

  private *partsOf(id: string, pieces: ReturnType<ReasoningTags["next"]>): Generator<ModelStreamPart> {
    for (const piece of pieces) {
      if (piece.kind === "reasoning") {
        yield { type: "reasoning-delta", id: yield* this.startReasoning(), delta: piece.text };
      } else {
        yield* this.endReasoning();
        if (piece.kind === "text") yield { type: "text-delta", id, delta: piece.text };
        else yield* this.retraction();
      }
    }
  }

  private *retraction(): Generator<ModelStreamPart> {
    const id = yield* this.startReasoning();
    yield { type: "reasoning-delta", id, delta: "", providerMetadata: { [mark]: { isRetraction: true } } };
    yield* this.endReasoning();
  }

  private *startReasoning(): Generator<ModelStreamPart, string> {
    if (this.openId !== undefined) return this.openId;
    this.openId = `${mark}-${this.count++}`;
    yield { type: "reasoning-start", id: this.openId, providerMetadata: { [mark]: {} } };
    return this.openId;
  }

  private *endReasoning(): Generator<ModelStreamPart> {
    if (this.openId !== undefined) yield { type: "reasoning-end", id: this.openId };
    this.openId = undefined;
  }
}

/** @param providerMetadata of a part of reasoning */
export const isRetraction = (providerMetadata: Readonly<Record<string, unknown>> | undefined): boolean =>
  (providerMetadata?.[mark] as { isRetraction?: unknown } | undefined)?.isRetraction === true;
