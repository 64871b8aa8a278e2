import { parse } from "csv-parse/sync";

export interface Table {
  readonly header: readonly string[];
  /** Without the header. `raw` is verbatim from the document. */
  readonly rows: readonly { readonly cells: readonly string[]; readonly raw: string }[];
}

const maxHeaderCellChars = 64;

/**
 * Parses a text as separated values (RFC 4180, also with semicolons or tabs).
 *
 * @returns undefined if it is not a table: prose has commas too, but rarely the same number in each line, and in its first
 * line a space follows each comma
 */
export function tableOf(text: string): Table | undefined {
  for (const delimiter of [",", ";", "\t"]) {
    const table = tableWith(text, delimiter);
    if (table) return table;
  }
  return undefined;
}

function tableWith(text: string, delimiter: string): Table | undefined {
  // The first line rules out most texts without parsing them.
  const [firstLine = ""] = /^[^\r\n]*/.exec(text) ?? [];
  if (!firstLine.includes(delimiter)) return undefined;
  try {
    const records = parse(text, { delimiter, raw: true, skip_empty_lines: true }) as unknown as {
      record: string[];
      raw: string;
    }[];
    const [first, ...rows] = records;
    if (!first || rows.length === 0 || !isHeader(first.record)) return undefined;
    return { header: first.record, rows: rows.map(({ record, raw }) => ({ cells: record, raw: raw.trim() })) };
  } catch {
    return undefined;
  }
}

/** Whether a row is a header with the names of columns. */
export const isHeader = (cells: readonly string[]): boolean =>
  cells.length > 1 &&
  new Set(cells).size === cells.length &&
  cells.every((cell) => cell !== "" && cell === cell.trim() && cell.length <= maxHeaderCellChars);
