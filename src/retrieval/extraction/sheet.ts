import type { Passage } from "./passage";
import { rowPassages } from "./records";
import { headerOf } from "./sheet-header";
import type { SheetRow } from "./sheet-row";
import { UnreadableError } from "./unreadable-error";

/** Of all sheets together, counting the empty cells of each row up to its last one. */
const maxCells = 10_000_000;

/** Of the text of all cells: many cells may share one long text. */
const maxTextChars = 200_000_000;

/** Counts the cells and the text of a workbook against its limits. */
export class SheetLimits {
  private cells = 0;
  private chars = 0;

  /** @throws {UnreadableError} */
  add(row: SheetRow): void {
    this.cells += row.length;
    for (const cell of row) this.chars += cell?.text.length ?? 0;
    if (this.cells > maxCells) {
      throw new UnreadableError(
        `Its sheets span more than ${maxCells / 1_000_000} million cells. Delete the rows and columns that are not used.`,
      );
    }
    if (this.chars > maxTextChars) {
      throw new UnreadableError(`Its cells have more than ${maxTextChars / 1_000_000} MB of text.`);
    }
  }
}

/** The header of a sheet is looked for in its first rows. */
const maxHeaderRows = 30;

/** The rows of a sheet, each with its name, and with the names of its columns if it has a header. */
export class SheetPassages {
  private first: SheetRow[] | undefined = [];
  private header: readonly string[] = [];

  constructor(private readonly sheet: string) {}

  *add(row: SheetRow): Generator<Passage> {
    if (row.every((cell) => cell === undefined || cell.text === "")) return;
    if (!this.first) {
      yield* this.passagesOf(row);
      return;
    }
    this.first.push(row);
    if (this.first.length === maxHeaderRows) yield* this.end();
  }

  *end(): Generator<Passage> {
    const rows = this.first ?? [];
    this.first = undefined;
    const header = headerOf(rows);
    for (const [i, row] of rows.entries()) {
      if (i === header?.row) this.header = header.names;
      else yield* this.passagesOf(row);
    }
  }

  private *passagesOf(row: SheetRow): Generator<Passage> {
    const cells = row.map((cell) => cell?.text ?? "");
    const header = this.header.length === 0 ? [] : cells.map((_, i) => this.header[i] || columnName(i));
    for (const passage of rowPassages({ header, rows: [{ cells, raw: cells.join("\t").trim() }] })) {
      yield { ...passage, heading: this.sheet };
    }
  }
}

/** @param index from 0, which is `A` */
function columnName(index: number): string {
  let name = "";
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
  }
  return name;
}
