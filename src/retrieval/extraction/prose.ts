import type { Passage } from "./passage";
import { sentencesOf } from "./sentences";

/** The sentences of a plain text whose paragraphs end with empty lines. */
export function* plainPassages(text: string): Generator<Passage> {
  for (const paragraph of text.split(/\r?\n[^\S\n]*\r?\n/)) {
    for (const quote of sentencesOf(paragraph)) yield { quote };
  }
}

const headingLine = /^(#{1,6}) +(.*?)(?: +#+)?\s*$/;
const fenceLine = /^ {0,3}(```|~~~)/;
/** Separates the header of a table from its rows. */
const tableLine = /^ {0,3}\|?(?: *:?-{3,}:? *\|)+/;
/** A list item, a table row and a quotation each start a new paragraph. */
const beginsParagraph = /^\s*(?:[-*+] |\d{1,9}[.)] |\||>)/;
const listMark = /^\s*(?:[-*+>] |\d{1,9}[.)] )\s*/;

type Block =
  | { readonly kind: "heading"; readonly level: number; readonly text: string }
  | { readonly kind: "columns" | "paragraph"; readonly text: string };

/** The header of a table counts as a heading below the six levels of Markdown. */
const columnsLevel = 6;

/**
 * The sentences of a Markdown text, each with the headings and the table header above it. A heading without text below it
 * is itself a passage.
 */
export function* markdownPassages(text: string): Generator<Passage> {
  const headings: string[] = [];
  let orphanHeading: string | undefined;

  for (const block of blocksOf(text)) {
    if (block.kind === "heading") {
      if (orphanHeading) yield { quote: orphanHeading };
      orphanHeading = block.text;
      headings.length = block.level - 1;
      headings.push(block.text);
    } else if (block.kind === "columns") {
      headings[columnsLevel] = block.text.trim();
    } else if (block.text.trim() !== "") {
      if (!block.text.startsWith("|")) headings.length = Math.min(headings.length, columnsLevel);
      const heading = headings.filter(Boolean).join(" › ");
      for (const quote of sentencesOf(block.text.replace(listMark, ""))) {
        orphanHeading = undefined;
        yield heading ? { quote, heading } : { quote };
      }
    }
  }
  if (orphanHeading) yield { quote: orphanHeading };
}

function* blocksOf(text: string): Generator<Block> {
  let paragraph = "";
  let fence: string | undefined;

  for (const line of text.split(/(?<=\n)/)) {
    const [, mark] = fenceLine.exec(line) ?? [];
    if (mark !== undefined && (fence ?? mark) === mark) {
      yield { kind: "paragraph", text: paragraph };
      paragraph = "";
      fence = fence === undefined ? mark : undefined;
      continue;
    }
    const [, marks, title] = (fence === undefined && headingLine.exec(line)) || [];
    const isTableLine = fence === undefined && tableLine.test(line);
    const isBreak = fence === undefined && (line.trim() === "" || beginsParagraph.test(line));
    if (marks !== undefined || isTableLine || isBreak) {
      yield { kind: isTableLine ? "columns" : "paragraph", text: paragraph };
      paragraph = "";
    }
    if (marks !== undefined) yield { kind: "heading", level: marks.length, text: title ?? "" };
    else if (!isTableLine) paragraph += line;
  }
  yield { kind: "paragraph", text: paragraph };
}
