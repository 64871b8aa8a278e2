import { headingSeparator, type Passage } from "./passage";
import { passagesOfRow } from "./row-passages";
import { sentencesOf } from "./sentences";

/** A list item, a table row and a quotation each start a new paragraph. */
const beginsParagraph = /^\s*(?:[-*+•–] |\d{1,9}[.)] |\||>)/;

/** The name and the value of a setting, or of a form that was filled in. */
const settingLine = /^\s*[\p{L}\p{N}_][^:=\n]{0,60}(?::|=)\s?\S/u;
const maxSettingChars = 200;

/** The sentences of a plain text whose paragraphs end with empty lines. Lists and settings are read line by line. */
export function* plainPassages(text: string): Generator<Passage> {
  for (const paragraph of text.split(/\r?\n[^\S\n]*\r?\n/)) {
    for (const part of partsOf(paragraph)) {
      for (const quote of sentencesOf(part)) yield { quote };
    }
  }
}

function partsOf(paragraph: string): string[] {
  const lines = paragraph.split(/(?<=\n)/);
  const isSetting = (line: string) => line.length <= maxSettingChars && settingLine.test(line);
  if (lines.length > 1 && lines.every((line) => isSetting(line) || line.trim() === "")) return lines;
  const parts: string[] = [];
  for (const line of lines) {
    if (parts.length === 0 || beginsParagraph.test(line)) parts.push(line);
    else parts.push((parts.pop() ?? "") + line);
  }
  return parts;
}

const headingLine = /^(#{1,6}) (.*)$/;
const lineEnd = /\r?\n$/;
const fenceLine = /^ {0,3}(```|~~~)/;
/** Separates the header of a Markdown table from its rows. */
const tableLine = /^ {0,3}\|?(?: *:?-{3,}:? *\|)+/;
const listMark = /^\s*(?:[-*+>] |\d{1,9}[.)] )\s*/;

/** A line below a heading, of one line if it is of dashes. */
const underline = /^ {0,3}(?:(=)=*|(-)-*)[^\S\n]*\r?\n?$/;
const maxUnderlinedChars = 200;

/** The names of many rows above a column are cut off. */
const maxColumnChars = 200;

/**
 * Marks that stand before the cells of a row of HTML, and before its first cell if they are the names of columns, twice if
 * the row above them has names too.
 */
export const cellMark = "\u001f";
export const headerMark = "\u001e";

type Block =
  | { readonly kind: "heading"; readonly level: number; readonly text: string }
  | { readonly kind: "columns" | "paragraph" | "row"; readonly text: string };

/**
 * The sentences of a Markdown text, each with the headings above it, and the rows of its tables with the names of their
 * columns. A heading without text below it is itself a passage.
 */
export function* markdownPassages(text: string): Generator<Passage> {
  const headings: string[] = [];
  let columns: readonly string[] = [];
  let orphanHeading: string | undefined;
  /** The names of columns that no row has followed, which may be all that a table has. */
  let orphanColumns: string | undefined;
  const under = (passage: Passage): Passage => {
    const heading = headings.filter(Boolean).join(headingSeparator);
    return heading ? { heading, ...passage } : passage;
  };
  function* takeOrphans(): Generator<Passage> {
    if (orphanColumns) for (const quote of sentencesOf(orphanColumns)) yield under({ quote });
    else if (orphanHeading) yield { quote: orphanHeading };
    [orphanHeading, orphanColumns] = [undefined, undefined];
  }

  for (const block of blocksOf(text)) {
    if (block.kind === "heading") {
      yield* takeOrphans();
      orphanHeading = block.text;
      headings.length = block.level - 1;
      headings.push(block.text);
      columns = [];
    } else if (block.kind === "columns") {
      if (orphanColumns) yield* takeOrphans();
      const names = cellsOf(block.text);
      const isStacked = block.text.startsWith(headerMark + headerMark);
      columns = isStacked ? names.map((name, i) => joined(columns[i] ?? "", name)) : names;
      orphanColumns = rawOf(block.text, names);
    } else if (block.text.trim() !== "") {
      if (block.kind === "row") orphanColumns = undefined;
      else {
        columns = [];
        if (orphanColumns) yield* takeOrphans();
      }
      for (const passage of block.kind === "row" ? rowPassages(block.text, columns) : paragraphPassages(block.text)) {
        orphanHeading = undefined;
        yield under(passage);
      }
    }
  }
  yield* takeOrphans();
}

/** The names above a column in several rows, as one. */
const joined = (above: string, name: string): string =>
  above === name || name === "" ? above : `${above} ${name}`.trim().slice(-maxColumnChars);

function* paragraphPassages(text: string): Generator<Passage> {
  for (const quote of sentencesOf(text.replace(listMark, ""))) yield { quote };
}

function rowPassages(text: string, columns: readonly string[]): Generator<Passage> {
  const cells = cellsOf(text);
  return passagesOfRow(columns, cells, rawOf(text, cells));
}

const isMarked = (row: string): boolean => row.startsWith(cellMark) || row.startsWith(headerMark);

/** A row as it is shown. A name above several columns is there once. */
const rawOf = (row: string, cells: readonly string[]): string =>
  isMarked(row) ? cells.filter((cell, i) => cell !== "" && cell !== cells[i - 1]).join(" ") : row.trim();

/** The cells of a row between marks, or between the bars of Markdown. */
function cellsOf(row: string): string[] {
  if (isMarked(row)) {
    return row
      .slice(row.startsWith(headerMark + headerMark) ? 2 : 1)
      .split(cellMark)
      .map((cell) => cell.trim());
  }
  const bars = row
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return bars.split(/(?<!\\)\|/).map((cell) => cell.replaceAll("\\|", "|").trim());
}

function* blocksOf(text: string): Generator<Block> {
  let paragraph = "";
  let fence: string | undefined;
  /** Whether the lines below the columns of a table go on. */
  let isTable = false;
  const taken = (): Block => {
    const isRow = paragraph.startsWith("|") || paragraph.startsWith(cellMark) || (isTable && paragraph.includes("|"));
    const block = { kind: isRow ? "row" : "paragraph", text: paragraph } as const;
    paragraph = "";
    return block;
  };

  for (const line of withoutFrontMatter(text).split(/(?<=\n)/)) {
    const [, mark] = fenceLine.exec(line) ?? [];
    if (mark !== undefined && (fence ?? mark) === mark) {
      yield taken();
      fence = fence === undefined ? mark : undefined;
      continue;
    }
    if (fence !== undefined) {
      paragraph += line;
      continue;
    }
    const level = levelOfUnderline(line, paragraph);
    const [, marks, title] = headingLine.exec(line.replace(lineEnd, "")) ?? [];
    if (level !== undefined) {
      yield { kind: "heading", level, text: paragraph.trim().replace(/\s+/g, " ") };
      paragraph = "";
    } else if (tableLine.test(line)) {
      const start = paragraph.trimEnd().lastIndexOf("\n") + 1;
      yield { kind: "paragraph", text: paragraph.slice(0, start) };
      yield { kind: "columns", text: paragraph.slice(start) };
      paragraph = "";
      isTable = true;
    } else if (line.startsWith(headerMark)) {
      yield taken();
      yield { kind: "columns", text: line };
    } else if (marks !== undefined) {
      yield taken();
      yield { kind: "heading", level: marks.length, text: titleOf(title ?? "") };
    } else {
      const isEmpty = line.trim() === "";
      if (isEmpty || isTable || line.startsWith(cellMark) || beginsParagraph.test(line)) yield taken();
      if (isEmpty) isTable = false;
      paragraph += line;
    }
  }
  yield taken();
}

/** The level of the heading that a line under a paragraph makes of it. */
function levelOfUnderline(line: string, paragraph: string): number | undefined {
  if (paragraph.length > 2 * maxUnderlinedChars) return undefined;
  const [, double, single] = underline.exec(line) ?? [];
  const title = paragraph.trim();
  if (title === "" || title.length > maxUnderlinedChars || beginsParagraph.test(paragraph)) return undefined;
  if (double !== undefined) return 1;
  return single !== undefined && !title.includes("\n") ? 2 : undefined;
}

/** A text with the lines between dashes at its beginning, which are settings, as a list. */
function withoutFrontMatter(text: string): string {
  const [whole, settings] = /^---\r?\n([^]{0,10000}?\n)---\r?\n/.exec(text) ?? [];
  if (whole === undefined || settings === undefined) return text;
  return `${settings.replace(/^(?=\w)/gm, "- ")}\n${text.slice(whole.length)}`;
}

/** The text of a heading without the closing `#`s that may follow it after a space. */
function titleOf(text: string): string {
  const title = text.trim();
  let end = title.length;
  while (title[end - 1] === "#") end--;
  const isClosed = end < title.length && (end === 0 || /\s/.test(title.charAt(end - 1)));
  return isClosed ? title.slice(0, end).trimEnd() : title;
}
