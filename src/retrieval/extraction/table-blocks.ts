import type { Block } from "./blocks";

/** A row with more text holds paragraphs and is no record. */
const maxRowChars = 1_000;
const maxNameChars = 64;
/** The share of the cells below a name of a column that have digits, if the row above them has none. */
const minDataShare = 0.6;

interface TableRow {
  isHeader: boolean;
  /** The paragraphs of each cell. */
  readonly cells: string[][];
}

/** The rows of the tables of a text, which may be nested, as blocks. */
export class TableBlocks {
  private readonly tables: TableRow[][] = [];

  constructor(private readonly blocks: Block[]) {}

  openTable(): void {
    this.tables.push([]);
  }

  openRow(isHeader = false): void {
    this.tables.at(-1)?.push({ isHeader, cells: [] });
  }

  /** Says that the names of the columns are in the row that is open. */
  markHeader(): void {
    const row = this.tables.at(-1)?.at(-1);
    if (row) row.isHeader = true;
  }

  openCell(): void {
    this.tables.at(-1)?.at(-1)?.cells.push([]);
  }

  /** @returns false if no cell is open */
  addParagraph(paragraph: string): boolean {
    const cell = this.tables.at(-1)?.at(-1)?.cells.at(-1);
    cell?.push(paragraph);
    return cell !== undefined;
  }

  closeTable(): void {
    const rows = this.tables.pop() ?? [];
    if (isHeader(rows) && rows[0]) rows[0].isHeader = true;
    const columns = rows
      .filter((row) => row.isHeader)
      .map(textOf)
      .join(" ");
    for (const row of rows.filter((each) => !each.isHeader)) {
      const text = textOf(row);
      const paragraphs = text.length > maxRowChars ? row.cells.flat() : [text];
      for (const paragraph of paragraphs) {
        if (paragraph !== "") this.blocks.push(columns === "" ? { paragraph } : { paragraph, columns });
      }
    }
    // A table of nothing but a header.
    if (columns !== "" && rows.every((row) => row.isHeader)) this.blocks.push({ paragraph: columns });
  }
}

const textOf = ({ cells }: TableRow): string =>
  cells
    .map((cell) => cell.join(" "))
    .filter((cell) => cell !== "")
    .join(" ");

/** Whether the first row of a table that marks none has the names of its columns: short texts above data. */
function isHeader([first, ...below]: readonly TableRow[]): boolean {
  if (!first || below.length === 0 || below.some((row) => row.isHeader)) return false;
  const names = first.cells.map((cell) => cell.join(" "));
  const areNames = names.every((name) => name !== "" && name.length <= maxNameChars && !/\d/.test(name));
  if (names.length < 2 || !areNames || new Set(names).size < names.length) return false;
  return names.some((_, i) => {
    const values = below.map(({ cells }) => cells[i]?.join(" ") ?? "").filter((value) => value !== "");
    return values.length > 0 && values.filter((value) => /\d/.test(value)).length >= minDataShare * values.length;
  });
}
