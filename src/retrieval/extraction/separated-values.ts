export interface Row {
  readonly cells: readonly string[];
  /** Verbatim from the document. */
  readonly raw: string;
}

/** A quoted cell may go on in this many lines; a quotation that goes on longer has no end. */
const maxQuotedLines = 100;

/**
 * The records of separated values (RFC 4180), without empty lines. A line with a quotation that does not end, or after
 * which a cell goes on, is split at its delimiters, so that it does not affect the others.
 */
export function* recordsOf(text: string, delimiter: string): Generator<Row> {
  for (let start = 0; start < text.length;) {
    const lineEnd = endOfLine(text, start);
    const line = text.slice(start, lineEnd);
    const record = line.includes('"')
      ? (quotedRecord(text, start, delimiter) ?? { cells: line.split(delimiter).map(unquoted), end: lineEnd })
      : { cells: line.split(delimiter), end: lineEnd };
    const raw = text.slice(start, record.end).trim();
    if (raw !== "") yield { cells: record.cells.map((cell) => cell.replace(/\r$/, "")), raw };
    start = afterBreak(text, record.end);
  }
}

function endOfLine(text: string, start: number): number {
  const newline = text.indexOf("\n", start);
  if (newline >= 0) return newline;
  return text.length;
}

const afterBreak = (text: string, end: number): number => (text[end] === "\n" ? end + 1 : end);

/** A cell without the quotation marks around it. */
function unquoted(cell: string): string {
  const text = cell.trim();
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : cell;
}

/** @returns undefined if a quotation does not end where it should */
function quotedRecord(text: string, start: number, delimiter: string): { cells: string[]; end: number } | undefined {
  const cells: string[] = [];
  const limit = endOfQuotation(text, start);
  for (let at = start; ;) {
    while (text[at] === " " && delimiter !== " ") at++;
    let end: number;
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1, limit);
      if (close === undefined) return undefined;
      cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
      end = close + 1;
      while (text[end] === " " || text[end] === "\r") end++;
      if (end < text.length && text[end] !== "\n" && text[end] !== delimiter) return undefined;
    } else {
      end = at;
      while (end < text.length && text[end] !== "\n" && text[end] !== delimiter) end++;
      cells.push(text.slice(at, end));
    }
    if (text[end] !== delimiter) return { cells, end };
    at = end + 1;
  }
}

function closingQuote(text: string, from: number, limit: number): number | undefined {
  for (let at = from; at < limit; at++) {
    if (text[at] !== '"') continue;
    if (text[at + 1] !== '"') return at;
    at++;
  }
  return undefined;
}

function endOfQuotation(text: string, start: number): number {
  let end = start;
  for (let lines = 0; lines < maxQuotedLines && end < text.length; lines++) end = endOfLine(text, end) + 1;
  return Math.min(end, text.length);
}
