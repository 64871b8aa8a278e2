import type { Passage } from "./passage";
import { sentencesOf } from "./sentences";

/** The sentences of a text of which an empty line ends each paragraph. */
export function* plainPassages(text: string): Generator<Passage> {
  for (const paragraph of text.split(/\r?\n[^\S\n]*\r?\n/)) {
    for (const quote of sentencesOf(paragraph)) yield { quote };
  }
}

const headingLine = /^(#{1,6}) +(.*?)(?: +#+)?\s*$/;
const fenceLine = /^ {0,3}(```|~~~)/;
/** Between the names of a table's columns and its rows. */
const tableLine = /^ {0,3}\|?(?: *:?-{3,}:? *\|)+/;
/** A list's item, a table's row or a quotation begins a paragraph of its own. */
const beginsParagraph = /^\s*(?:[-*+] |\d{1,9}[.)] |\||>)/;
const listMark = /^\s*(?:[-*+>] |\d{1,9}[.)] )\s*/;

type Block =
  | { readonly kind: "heading"; readonly level: number; readonly text: string }
  | { readonly kind: "columns" | "paragraph"; readonly text: string };

/** The names of a table's columns stand below the headings, of which there are six levels. */
const columnsLevel = 6;

/**
 * The same for Markdown, each under the headings and the columns it stands under. A heading with nothing below it is a
 * passage itself.
 */
export function* markdownPassages(text: string): Generator<Passage> {
  const above: string[] = [];
  let lonely: string | undefined;

  for (const block of blocksOf(text)) {
    if (block.kind === "heading") {
      if (lonely) yield { quote: lonely };
      lonely = block.text;
      above.length = block.level - 1;
      above.push(block.text);
    } else if (block.kind === "columns") {
      above[columnsLevel] = block.text.trim();
    } else if (block.text.trim() !== "") {
      if (!block.text.startsWith("|")) above.length = Math.min(above.length, columnsLevel);
      const heading = above.filter(Boolean).join(" › ");
      for (const quote of sentencesOf(block.text.replace(listMark, ""))) {
        lonely = undefined;
        yield heading ? { quote, heading } : { quote };
      }
    }
  }
  if (lonely) yield { quote: lonely };
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
