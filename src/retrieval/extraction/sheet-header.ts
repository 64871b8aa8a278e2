import type { Cell, SheetRow } from "./sheet-row";

const maxNameChars = 64;

export interface SheetHeader {
  readonly row: number;
  /** By column; a column may have no name. */
  readonly names: readonly string[];
}

/**
 * Finds the row with the names of the columns among the first rows of a sheet, none of which is empty. Titles may stand
 * above it.
 */
export function headerOf(rows: readonly SheetRow[]): SheetHeader | undefined {
  for (const [i, row] of rows.slice(0, -1).entries()) {
    const below = rows.slice(i + 1);
    const width = Math.max(...below.map((other) => filled(other).length));
    const cells = filled(row);
    // A title, or a note about the table.
    if (cells.length < 2 || 2 * cells.length < width) continue;
    const isHeader =
      cells.every(isName) &&
      areDistinct(cells) &&
      !isRepeated(row, below) &&
      (width > 2 || isHeaderOfPairs(row, below));
    return isHeader ? { row: i, names: row.map((cell) => cell?.text ?? "") } : undefined;
  }
  return undefined;
}

const filled = (row: SheetRow): Cell[] => row.filter((cell) => cell !== undefined && cell.text !== "") as Cell[];

/** Years are names of columns too. */
const isName = ({ text, isText }: Cell): boolean =>
  text.length <= maxNameChars && (isText ? !/^[\d.,%\s]+$/.test(text) : /^(?:19|20)\d\d$/.test(text));

const areDistinct = (cells: readonly Cell[]): boolean => new Set(cells.map(({ text }) => text)).size === cells.length;

/** A name of a column is no value of it. */
const isRepeated = (row: SheetRow, below: readonly SheetRow[]): boolean =>
  row.some((cell, i) => cell !== undefined && below.some((other) => other[i]?.text === cell.text));

/** Two columns may be a list of names with their values, whose first row is one of them. */
function isHeaderOfPairs(row: SheetRow, below: readonly SheetRow[]): boolean {
  const isBold = (other: SheetRow) => filled(other).every((cell) => cell.isBold);
  if (isBold(row) && !below.some(isBold)) return true;
  const second = row.findLastIndex((cell) => cell !== undefined && cell.text !== "");
  const values = below.map((other) => other[second]).filter((cell) => cell !== undefined);
  return row[second]?.isText === true && values.length > 0 && values.every((cell) => !cell.isText);
}
