import { recordsOf, type Row } from "./separated-values";
import { isData, isHeaderOf, isListOfProperties, isName, isWholeName } from "./table-header";

export type { Row } from "./separated-values";

export interface Table {
  /** The lines above the table. */
  readonly titles?: readonly Row[];
  /** Empty if the columns have no names. A column alone may have none. */
  readonly header: readonly string[];
  /** Without the header. */
  readonly rows: readonly Row[];
  /** Whether each row is a property and its value. */
  readonly isProperties?: boolean;
  /** Those that follow it below empty lines. */
  readonly others?: readonly Table[];
}

/** A text whose first line has more cells is not read as a table, as each row repeats the names of its columns. */
const maxColumns = 10_000;

/** The first rows tell whether a text is a table, and whether its first row is a header. */
const maxSampleRows = 200;

/** Lines above the header. */
const maxTitles = 10;

/** Those of them that have delimiters too, as a comma in a sentence. */
const maxDelimitedTitles = 3;

/** A text with more parts between empty lines is one table. */
const maxParts = 100;

/** The share of rows that have as many cells as most. */
const minRegularShare = 0.6;

/** The share of rows that are longer or that have a single cell. */
const maxDamagedShare = 0.3;

/** No column is named by an object or a list of JSON; its commas separate its parts. */
const jsonStart = /^\s*(?:\{|\[\s*["{[])/;

const delimiters = ["\t", ";", "|", ","];

/**
 * Parses a text as separated values (RFC 4180, also with semicolons, tabs or bars), with titles above them, rows that are
 * shorter or longer, and a damaged row.
 *
 * @param isWhole false if the text goes on; then its last line, which may be cut off, is left out
 * @returns undefined if it is not a table: prose has commas too, but rarely the same number in each line
 */
export function tableOf(text: string, isWhole: boolean): Table | undefined {
  const [declaration = "", sign] = /^"?sep=([^\w\r\n"\\]|\\t)"?\r?\n/i.exec(text) ?? [];
  const declared = sign === "\\t" ? "\t" : sign;
  const body = text.slice(declaration.length);
  const table = tableIn(body, isWhole, declared);
  const parts = body.trimEnd().split(/(?<=\n)[^\S\n]*\n\s*/, maxParts + 1);
  if (parts.length === 1 || parts.length > maxParts) return table;
  // The last one may be cut off within its header.
  const tables = (isWhole ? parts : parts.slice(0, -1)).map((part) => tableIn(part, true, declared));
  const found = tables.filter((each) => each !== undefined);
  const [first, ...others] = found;
  if (!first || found.length < tables.length) return table;
  return table === undefined || found.every(({ header }) => header.length > 0) ? { ...first, others } : table;
}

function tableIn(body: string, isWhole: boolean, declared: string | undefined): Table | undefined {
  const lines = isWhole ? body : body.slice(0, body.lastIndexOf("\n") + 1);
  const bestOf = (signs: readonly string[]) =>
    signs
      .map((delimiter) => ({ delimiter, shape: shapeOf(lines, delimiter) }))
      .filter(({ shape }) => shape !== undefined && (isWhole || shape.rows > 1))
      .sort((one, other) => (other.shape?.quality ?? 0) - (one.shape?.quality ?? 0))[0];
  const best = (declared === undefined ? undefined : bestOf([declared])) ?? bestOf(delimiters);
  if (!best) return undefined;
  const records = isWhole ? [...recordsOf(body, best.delimiter)] : [...sampleOf(lines, best.delimiter)];
  const table = layoutOf(records);
  if (table.header.some((name) => jsonStart.test(name))) return undefined;
  return best.delimiter === declared || table.header.length > 0 || table.rows.length > 1 ? table : undefined;
}

/** Finds the titles and the header of a table, if it has them. Of use for sheets too, which have empty rows. */
export function layoutOf(all: readonly Row[]): Table {
  const records = all.filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  const sample = records.slice(0, maxSampleRows);
  const width = usualWidth(sample.map(({ cells }) => cells));
  const isTitle = ({ cells }: Row) => width > 1 && usedCells(cells) === 1 && cells.findIndex(Boolean) === 0;
  let start = 0;
  while (start < Math.min(maxTitles, sample.length - 1) && isTitle(sample[start] ?? { cells: [], raw: "" })) start++;
  start += delimitedTitles(
    sample.slice(start).map(({ cells }) => trimmed(cells, width)),
    width,
  );
  const titles = records.slice(0, start);
  const [first, ...below] = sample.slice(start).map(({ cells }) => trimmed(cells, width));
  if (first && width > 1 && isHeaderOf(first, below)) {
    return { titles, header: first, rows: records.slice(start + 1) };
  }
  const columns = [0, 1].map((column) => below.map((cells) => cells[column]?.trim() ?? ""));
  const isProperties = width === 2 && first !== undefined && isListOfProperties(first, columns);
  return { titles, header: [], rows: records.slice(start), isProperties };
}

/** The number of titles with delimiters, above a row of nothing but names of columns. */
function delimitedTitles(rows: readonly (readonly string[])[], width: number): number {
  const found = rows.slice(0, maxDelimitedTitles + 1).findIndex((cells, i) => {
    const names = cells.map((cell) => cell.trim()).filter(Boolean);
    return (
      names.length > 1 && names.length >= width / 2 && names.every(isWholeName) && isHeaderOf(cells, rows.slice(i + 1))
    );
  });
  return Math.max(0, found);
}

/**
 * Whether a row alone could be a header with the names of columns.
 */
export const isHeader = (cells: readonly string[]): boolean =>
  cells.length > 1 &&
  cells.some((cell) => cell.trim() !== "") &&
  cells.every((cell) => !isData(cell) || cell === "") &&
  (cells.some(isName) || new Set(cells).size === cells.length);

interface Shape {
  /** The share of lines that have as many cells as most, and more if these are many. */
  readonly quality: number;
  readonly rows: number;
}

/** @returns undefined if a text is no table with this delimiter */
function shapeOf(text: string, delimiter: string): Shape | undefined {
  // The first lines rule out most texts without parsing them.
  const firstLines = text.slice(0, 50_000).split("\n", maxTitles + 2);
  if (!firstLines.some((line) => line.includes(delimiter))) return undefined;
  if (firstLines.some((line) => line.split(delimiter, maxColumns + 1).length > maxColumns)) return undefined;
  const rows = [...sampleOf(text, delimiter)];
  const width = usualWidth(rows.map(({ cells }) => cells));
  if (width < 2 || rows.length < 2) return undefined;
  const firstRow = rows.findIndex(({ cells }) => cells.length > 1);
  if (firstRow > maxTitles) return undefined;
  const body = rows.slice(firstRow);
  const regular = body.filter(({ cells }) => cells.length === width || usedLength(cells) === width).length;
  const damaged = body.filter(({ cells }) => cells.length < 2 || usedLength(cells) > width).length;
  if (regular < body.length * minRegularShare || damaged > Math.max(1, body.length * maxDamagedShare)) return undefined;
  if (body.length < 2 || isProse(body, delimiter)) return undefined;
  return { quality: regular / rows.length + width / 1_000, rows: body.length };
}

function* sampleOf(text: string, delimiter: string): Generator<Row> {
  let count = 0;
  for (const record of recordsOf(text, delimiter)) {
    if (count++ === maxSampleRows) return;
    yield record;
  }
}

/** The number of cells that most rows have, without empty ones at their ends. */
function usualWidth(rows: readonly (readonly string[])[]): number {
  const counts = new Map<number, number>();
  for (const cells of rows) {
    const length = usedLength(cells);
    if (length > 1) counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  const [widest = [0, 0]] = [...counts].sort(([one, ones], [other, others]) => others - ones || other - one);
  return widest[0];
}

const usedLength = (cells: readonly string[]): number => cells.findLastIndex((cell) => cell.trim() !== "") + 1;
const usedCells = (cells: readonly string[]): number => cells.filter((cell) => cell.trim() !== "").length;

/** A row without the empty cells at its end that no other row has. */
const trimmed = (cells: readonly string[], width: number): readonly string[] =>
  cells.slice(0, Math.max(width, usedLength(cells)));

/** Whether the delimiters of lines are the signs of sentences, of numbers or of a programming language. */
function isProse(rows: readonly Row[], delimiter: string): boolean {
  const share = (is: (row: Row) => boolean) => rows.filter(is).length / rows.length;
  // Code is indented, and the rows of a table in Markdown begin with a bar. The first column of a table may be empty.
  const isIndented = ({ cells }: Row) => (cells[0] ?? "").trim() === "" && (delimiter === "|" || usedCells(cells) < 2);
  if (share(isIndented) > 0.5) return true;
  if (delimiter === "|" && rows.slice(0, 3).some(({ raw }) => /^[\s|:-]+$/.test(raw))) return true;
  if (delimiter !== ",") return false;
  // Neither the names of columns nor quotation marks around cells occur in prose.
  const [first] = rows;
  if (first?.cells.every((cell) => isName(cell) && cell.length <= 30)) return false;
  if (share(({ raw }) => /(?:^|,)"(?:[^"]|"")*"(?:,|$)/.test(raw)) > 0.3) return false;
  if (share(({ raw }) => /[.!?:;{}]["”')]?$/.test(raw)) > 0.3) return true;
  const commas = rows.flatMap(({ cells }) =>
    cells.slice(1).map((cell, i) => ({ before: cells[i] ?? "", after: cell })),
  );
  const shareOf = (is: (comma: { before: string; after: string }) => boolean) =>
    commas.filter(is).length / Math.max(1, commas.length);
  const isSpaced = shareOf(({ after }) => after.startsWith(" ")) > 0.5;
  if (isSpaced && share(({ cells }) => cells.length < 3) > 0.5) return true;
  if (isSpaced && commas.some(({ after }) => after.trim().split(/\s+/).length > 6)) return true;
  // The comma of a number stands between digits: `1,50` or `10:00:00,123 INFO`.
  return (
    share(({ cells }) => cells.length > 2) < 0.5 &&
    shareOf(({ before, after }) => /\d$/.test(before) && /^\d/.test(after)) > 0.9 &&
    share(({ cells }) => /[^\d.,\s]/.test(cells.join(""))) > 0.5
  );
}
