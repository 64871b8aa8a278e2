/** The tags in which models without a field of its own for it put their reasoning. Compared without case. */
const tags: readonly (readonly [open: string, close: string])[] = [
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  ["<thought>", "</thought>"],
  ["<reasoning>", "</reasoning>"],
  ["<seed:think>", "</seed:think>"],
  ["[think]", "[/think]"],
  ["◁think▷", "◁/think▷"],
  ["<|begin_of_thought|>", "<|end_of_thought|>"],
  ["<|start_thinking|>", "<|end_thinking|>"],
];
/** The end of reasoning whose beginning is part of the prompt, as templates of some models have it. */
const loneClose = "</think>";
const fence = "```";
/** White space before a tag, in characters. */
const maxLeading = 1_000;
const tailChars = 8;

/** A text of the same length, unlike `toLowerCase()`. */
const lowerOf = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

export type TextPiece =
  | { readonly kind: "text" | "reasoning"; readonly text: string }
  /** The text so far was reasoning. */
  | { readonly kind: "retraction" };

/**
 * Separates the reasoning from the text of an answer while it is streamed. Tags behind the beginning of the text are text,
 * since an answer may be about them; only the end of reasoning that has no beginning retracts the text before it.
 */
export class ReasoningTags {
  /** The text that may be part of a tag, or white space before one. */
  private pending = "";
  private state: "beginning" | "reasoning" | "text" = "beginning";
  private close = "";
  private hadReasoning = false;
  private mayRetract = true;
  private isInFence = false;
  /** The end of the text so far. */
  private tail = "";

  *next(text: string): Generator<TextPiece> {
    this.pending += text;
    let state;
    do {
      ({ state } = this);
      if (state === "beginning") this.begin();
      else if (state === "reasoning") yield* this.reason();
      else yield* this.say();
    } while (state !== this.state);
  }

  /** Yields the pending text at the end of the input. */
  *end(): Generator<TextPiece> {
    const text = this.state === "beginning" && this.hadReasoning ? this.pending.trimStart() : this.pending;
    this.pending = "";
    if (text !== "") yield { kind: this.state === "reasoning" ? "reasoning" : "text", text };
  }

  private begin(): void {
    const start = this.pending.trimStart();
    const lower = lowerOf(start);
    const tag = tags.find(([open]) => lower.startsWith(open));
    if (tag) {
      [this.state, this.close, this.hadReasoning, this.mayRetract] = ["reasoning", tag[1], true, false];
      this.pending = start.slice(tag[0].length);
    } else if (this.pending.length > maxLeading || !tags.some(([open]) => open.startsWith(lower))) {
      this.state = "text";
      if (this.hadReasoning) this.pending = start;
    }
  }

  private *reason(): Generator<TextPiece> {
    const [before, hasClose] = this.takeUntil(this.close);
    if (before !== "") yield { kind: "reasoning", text: before };
    if (hasClose) this.state = "beginning";
  }

  private *say(): Generator<TextPiece> {
    const all = this.pending;
    if (!this.mayRetract) {
      yield* this.textOf(all, "");
      return;
    }
    const [before, hasClose] = this.takeUntil(loneClose);
    yield* this.textOf(before, this.pending);
    if (!hasClose) return;
    if (this.isClose()) {
      [this.state, this.hadReasoning, this.mayRetract] = ["beginning", true, false];
      yield { kind: "retraction" };
    } else {
      this.mayRetract = false;
      yield* this.textOf(all.slice(before.length), "");
    }
  }

  /** Whether a lone closing tag behind the text so far ends reasoning: it stands neither in code nor in quotation marks. */
  private isClose(): boolean {
    return this.mayRetract && !this.isInFence && !/[`'"]$/.test(this.tail);
  }

  /** @param rest what stays pending */
  private *textOf(text: string, rest: string): Generator<TextPiece> {
    this.pending = rest;
    if (text === "") return;
    const seen = this.tail + text;
    const lower = lowerOf(seen);
    if (tags.some(([open]) => lower.includes(open))) this.mayRetract = false;
    const fences = (this.tail.slice(1 - fence.length) + text).split(fence).length - 1;
    this.isInFence = this.isInFence !== (fences % 2 === 1);
    this.tail = seen.slice(-tailChars);
    yield { kind: "text", text };
  }

  /** Takes what precedes a tag, and the tag, from what has arrived; of a part of the tag, only what precedes it. */
  private takeUntil(tag: string): [before: string, hasTag: boolean] {
    const lower = lowerOf(this.pending);
    const at = lower.indexOf(tag);
    let end = at === -1 ? Math.max(0, lower.length - tag.length + 1) : at;
    while (at === -1 && !tag.startsWith(lower.slice(end))) end++;
    const before = this.pending.slice(0, end);
    this.pending = this.pending.slice(at === -1 ? end : end + tag.length);
    return [before, at !== -1];
  }
}
