import type { Passage } from "./passage";
import { sentencesOf } from "./sentences";

/** A heading with its level from 1, or a paragraph or row of a table, under the names of its columns if it has them. */
export type Block =
  { readonly level: number; readonly title: string } | { readonly paragraph: string; readonly columns?: string };

/** The sentences of blocks, under their headings. A heading without text below it is itself a passage. */
export class BlockPassages {
  private readonly headings: string[] = [];
  private orphanHeading: string | undefined;

  *add(block: Block): Generator<Passage> {
    if ("title" in block) {
      if (this.orphanHeading !== undefined) yield { quote: this.orphanHeading };
      this.orphanHeading = withoutHints(block.title);
      this.headings.length = Math.min(this.headings.length, block.level - 1);
      this.headings[block.level - 1] = this.orphanHeading;
      return;
    }
    const heading = [...this.headings, block.columns].filter(Boolean).join(" › ");
    for (const quote of sentencesOf(withoutHints(block.paragraph))) {
      this.orphanHeading = undefined;
      yield heading === "" ? { quote } : { quote, heading };
    }
  }

  *end(): Generator<Passage> {
    if (this.orphanHeading !== undefined) yield { quote: this.orphanHeading };
  }
}

export function* blockPassages(blocks: Iterable<Block>): Generator<Passage> {
  const passages = new BlockPassages();
  for (const block of blocks) yield* passages.add(block);
  yield* passages.end();
}

/** Without the soft hyphens, which say where a word may be split. */
const withoutHints = (text: string): string => text.replaceAll("\u00ad", "");
