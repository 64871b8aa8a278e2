import type { Archive } from "./archive";
import { type Attributes, readXml } from "./xml";
import type { Passage } from "./passage";
import { sentencesOf } from "./sentences";

/** Deleted text and comments, which are in the file but not in the visible text. */
const hiddenElements = new Set(["text:tracked-changes", "office:annotation"]);

const spaces: Readonly<Record<string, (attributes: Attributes) => string>> = {
  "text:s": (attributes) => " ".repeat(Math.min(Number(attributes["text:c"] ?? 1) || 1, 100)),
  "text:tab": () => "\t",
  "text:line-break": () => "\n",
};

type Block = { readonly level: number; readonly title: string } | { readonly paragraph: string };

/**
 * The sentences of an ODT, and the rows of its tables, under its headings.
 *
 * @throws {UnreadableError}
 */
export async function* openDocumentPassages(archive: Archive): AsyncGenerator<Passage> {
  const headings: string[] = [];
  let orphanHeading: string | undefined;
  for (const block of blocksOf(await archive.text("content.xml"))) {
    if ("title" in block) {
      if (orphanHeading !== undefined) yield { quote: orphanHeading };
      orphanHeading = block.title;
      headings.length = Math.min(headings.length, block.level - 1);
      headings[block.level - 1] = block.title;
    } else {
      const heading = headings.filter(Boolean).join(" › ");
      for (const quote of sentencesOf(block.paragraph)) {
        orphanHeading = undefined;
        yield heading === "" ? { quote } : { quote, heading };
      }
    }
  }
  if (orphanHeading !== undefined) yield { quote: orphanHeading };
}

function blocksOf(xml: string): Block[] {
  const blocks: Block[] = [];
  // The paragraph of a footnote is inside another paragraph.
  const open: { readonly level: number; text: string }[] = [];
  const rows: string[][] = [];
  let hiddenDepth = 0;

  readXml(xml, {
    open(name, attributes) {
      if (hiddenElements.has(name)) hiddenDepth++;
      else if (name === "table:table-row") rows.push([]);
      else if (name === "text:p") open.push({ level: 0, text: "" });
      else if (name === "text:h") {
        open.push({ level: Math.min(Math.max(Number(attributes["text:outline-level"]) || 1, 1), 10), text: "" });
      }
      const paragraph = open.at(-1);
      if (paragraph) paragraph.text += spaces[name]?.(attributes) ?? "";
    },
    text(text) {
      const paragraph = open.at(-1);
      if (paragraph && hiddenDepth === 0) paragraph.text += text.replace(/\s+/g, " ");
    },
    close(name) {
      if (hiddenElements.has(name)) hiddenDepth--;
      else if (name === "table:table-row") {
        const row = rows.pop()?.join(" ") ?? "";
        if (row !== "") blocks.push({ paragraph: row });
      } else if (name === "text:p" || name === "text:h") {
        const { level, text } = open.pop() ?? { level: 0, text: "" };
        const trimmed = text.trim();
        if (trimmed === "") return;
        if (level > 0) blocks.push({ level, title: trimmed });
        else if (rows.length > 0) rows.at(-1)?.push(trimmed);
        else blocks.push({ paragraph: trimmed });
      }
    },
  });
  return blocks;
}
