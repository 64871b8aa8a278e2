import type { Cell, SheetRow } from "./sheet-row";
import { isData, isHeaderOf, isWholeName } from "./table-header";

export interface SheetHeader {
  readonly row: number;
  /** By column; a column may have no name. */
  readonly names: readonly string[];
}

/**
 * Finds the row with the names of the columns among the first rows of a sheet, none of which is empty. Titles may stand
 * above it, also in several cells.
 */
export function headerOf(rows: readonly SheetRow[]): SheetHeader | undefined {
  const candidates = rows
    .slice(0, -1)
    .map((row, i) => ({ row, i, below: rows.slice(i + 1) }))
    .filter(({ row, below }) => {
      const width = Math.max(...below.map((other) => filled(other).length));
      // Another row is a title, or a note about the table.
      return filled(row).length >= Math.max(2, width / 2);
    });
  const isWidest = (row: SheetRow, i: number) =>
    rows.slice(0, i).every((other) => filled(other).length < filled(row).length);
  const found =
    candidates.find(({ row, i, below }) => {
      const names = filled(row).map(({ text }) => text);
      // A subtotal may be bold too.
      if (isBoldHeader(row, below)) return isWidest(row, i) || !names.some(isData);
      return names.every(isWholeName) && isHeaderAbove(row, below);
    }) ?? candidates.find(({ row, i, below }) => isWidest(row, i) && isHeaderAbove(row, below));
  return found && { row: found.i, names: textsOf(found.row) };
}

const textsOf = (row: SheetRow): string[] => row.map((cell) => cell?.text ?? "");

const isFilled = (cell: Cell | undefined): cell is Cell => cell !== undefined && cell.text !== "";

const filled = (row: SheetRow): Cell[] => row.filter(isFilled);

/** A header may be of numbers and of dates if it alone is bold. */
function isBoldHeader(row: SheetRow, [next = []]: readonly SheetRow[]): boolean {
  const isBold = (other: SheetRow) => filled(other).every((cell) => cell.isBold);
  return isBold(row) && !isBold(next);
}

function isHeaderAbove(row: SheetRow, below: readonly SheetRow[]): boolean {
  const width = Math.max(row.length, ...below.map(({ length }) => length));
  const columns = Array.from({ length: width }, (_, i) => i).filter((i) =>
    [row, ...below].some((other) => isFilled(other[i])),
  );
  // The names of a sheet may be in several lines.
  const cellsOf = (other: SheetRow) => columns.map((i) => (other[i]?.text ?? "").replace(/\s+/g, " "));
  return isHeaderOf(cellsOf(row), below.map(cellsOf));
}
