import type { Archive } from "./archive";
import { type Attributes, readXml } from "./xml";
import type { Passage } from "./passage";
import { sentencesOf } from "./sentences";

/** What stands in the file and not in the text: what was deleted, and what was remarked on it. */
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
 * @throws Unreadable
 */
export async function* openDocumentPassages(archive: Archive): AsyncGenerator<Passage> {
  const above: string[] = [];
  let lonely: string | undefined;
  for (const block of blocksOf(await archive.text("content.xml"))) {
    if ("title" in block) {
      if (lonely !== undefined) yield { quote: lonely };
      lonely = block.title;
      above.length = Math.min(above.length, block.level - 1);
      above[block.level - 1] = block.title;
    } else {
      const heading = above.filter(Boolean).join(" › ");
      for (const quote of sentencesOf(block.paragraph)) {
        lonely = undefined;
        yield heading === "" ? { quote } : { quote, heading };
      }
    }
  }
  if (lonely !== undefined) yield { quote: lonely };
}

function blocksOf(xml: string): Block[] {
  const blocks: Block[] = [];
  // A footnote's paragraph stands within another's.
  const open: { readonly level: number; text: string }[] = [];
  const rows: string[][] = [];
  let unsaidDepth = 0;

  readXml(xml, {
    open(name, attributes) {
      if (hiddenElements.has(name)) unsaidDepth++;
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
      if (paragraph && unsaidDepth === 0) paragraph.text += text.replace(/\s+/g, " ");
    },
    close(name) {
      if (hiddenElements.has(name)) unsaidDepth--;
      else if (name === "table:table-row") {
        const row = rows.pop()?.join(" ") ?? "";
        if (row !== "") blocks.push({ paragraph: row });
      } else if (name === "text:p" || name === "text:h") {
        const { level, text } = open.pop() ?? { level: 0, text: "" };
        const said = text.trim();
        if (said === "") return;
        if (level > 0) blocks.push({ level, title: said });
        else if (rows.length > 0) rows.at(-1)?.push(said);
        else blocks.push({ paragraph: said });
      }
    },
  });
  return blocks;
}
