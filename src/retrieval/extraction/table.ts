import { parse } from "csv-parse/sync";

/** A table of separated values. */
export interface Table {
  readonly header: readonly string[];
  /** Behind the header, each with its text as it stands in the document. */
  readonly rows: readonly { readonly cells: readonly string[]; readonly raw: string }[];
}

const maxHeaderCell = 64;

/**
 * Reads a text as separated values (RFC 4180, also with semicolons or tabs). Undefined where it is none: prose has
 * commas too, but hardly the same number in each line, and none that is followed by no space in the first.
 */
export function tableOf(text: string): Table | undefined {
  for (const delimiter of [",", ";", "\t"]) {
    const table = tableWith(text, delimiter);
    if (table) return table;
  }
  return undefined;
}

function tableWith(text: string, delimiter: string): Table | undefined {
  // Most texts are told apart by their first line, which costs nothing.
  const [firstLine = ""] = /^[^\r\n]*/.exec(text) ?? [];
  if (!firstLine.includes(delimiter)) return undefined;
  try {
    const records = parse(text, { delimiter, raw: true, skip_empty_lines: true }) as unknown as {
      record: string[];
      raw: string;
    }[];
    const [head, ...rows] = records;
    if (!head || rows.length === 0 || !isHeader(head.record)) return undefined;
    return { header: head.record, rows: rows.map(({ record, raw }) => ({ cells: record, raw: raw.trim() })) };
  } catch {
    return undefined;
  }
}

/** Whether a row has the names of columns. */
export const isHeader = (cells: readonly string[]): boolean =>
  cells.length > 1 &&
  new Set(cells).size === cells.length &&
  cells.every((cell) => cell !== "" && cell === cell.trim() && cell.length <= maxHeaderCell);
