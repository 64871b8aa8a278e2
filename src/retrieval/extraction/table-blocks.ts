import type { Block } from "./blocks";
import { isHeaderOf } from "./table-header";

/** A row with more text holds paragraphs and is no record. */
const maxRowChars = 1_000;
/** The first rows tell whether the one above them is a header. */
const maxSampleRows = 200;

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
    if (isHeader(rows) && rows[0]) {
      rows[0].isHeader = true;
      // It may be a row of the table after all.
      this.blocks.push({ paragraph: textOf(rows[0]) });
    }
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

/** Whether the first row of a table that marks none has the names of its columns. */
function isHeader([first, ...below]: readonly TableRow[]): boolean {
  if (!first || first.cells.length < 2 || below.some((row) => row.isHeader)) return false;
  const texts = ({ cells }: TableRow) => cells.map((cell) => cell.join(" "));
  return isHeaderOf(texts(first), below.slice(0, maxSampleRows).map(texts));
}
