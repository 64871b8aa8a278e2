import { numberFormat, shortened } from "./number-format";
import type { SheetLimits } from "./sheet";
import { type Cell, cellText, maxColumns, maxRows, outOfRange, type SheetRow } from "./sheet-row";
import type { Workbook } from "./workbook";
import { type Attributes, isOn, type XmlHandler } from "./xml";

const plain = numberFormat(0, undefined, false);

/** Collects the rows of a worksheet that are shown. Rows and cells without an address follow the one before them. */
export class Worksheet implements XmlHandler {
  readonly rows: SheetRow[] = [];
  private readonly isColumnHidden = new Uint8Array(maxColumns + 1);
  private hiddenRanges = 0;
  private cells: (Cell | undefined)[] = [];
  private row = 0;
  private column = 0;
  private isRowHidden = false;
  private cell: Attributes = {};
  private value = "";
  private isText = false;
  private isPronunciation = false;

  constructor(
    private readonly workbook: Workbook,
    private readonly limits: SheetLimits,
  ) {}

  open(name: string, attributes: Attributes): void {
    const { r } = attributes;
    if (name === "c") this.openCell(attributes);
    else if (name === "v" || name === "t") this.isText = !this.isPronunciation;
    else if (name === "rPh") this.isPronunciation = true;
    else if (name === "row") {
      this.row = r === undefined ? this.row + 1 : Number(r);
      if (!(this.row <= maxRows)) throw outOfRange();
      // The rows of a group that is collapsed are a click away.
      const isInGroup = Number(attributes["outlineLevel"] ?? 0) > 0;
      this.isRowHidden = !isInGroup && attributes["hidden"] !== undefined && isOn(attributes["hidden"]);
      [this.cells, this.column] = [[], 0];
    } else if (name === "col" && attributes["hidden"] !== undefined && isOn(attributes["hidden"])) {
      // No sheet has more ranges than columns.
      if (this.hiddenRanges++ < maxColumns) {
        this.isColumnHidden.fill(1, Number(attributes["min"]) || 0, (Number(attributes["max"]) || 0) + 1);
      }
    }
  }

  text(text: string): void {
    if (this.isText) this.value += text;
  }

  close(name: string): void {
    if (name === "v" || name === "t") this.isText = false;
    else if (name === "rPh") this.isPronunciation = false;
    else if (name === "c") this.closeCell();
    else if (name === "row") {
      this.limits.add(this.cells);
      if (!this.isRowHidden) this.rows.push(this.cells);
    }
  }

  private openCell(attributes: Attributes): void {
    this.cell = attributes;
    this.value = "";
    this.column = attributes["r"] === undefined ? this.column + 1 : columnOf(attributes["r"]);
    if (!(this.column <= maxColumns)) throw outOfRange();
  }

  private closeCell(): void {
    const text = this.shown();
    if (text === "" || this.isColumnHidden[this.column] === 1) return;
    // An array without holes, which would be slow.
    while (this.cells.length < this.column) this.cells.push(undefined);
    const { t = "n", s = "0" } = this.cell;
    const isBold = this.workbook.styles[Number(s)]?.isBold ?? false;
    this.cells[this.column - 1] = { text, isText: t === "s" || t === "str" || t === "inlineStr", isBold };
  }

  private shown(): string {
    const { t = "n", s = "0" } = this.cell;
    const text = cellText(this.value);
    if (text === "") return "";
    switch (t) {
      case "s":
        return this.workbook.strings[Number(text)] ?? "";
      case "b":
        return text === "1" ? "TRUE" : "FALSE";
      case "d":
        return shortened(text);
      case "n":
        return Number.isFinite(Number(text)) ? (this.workbook.styles[Number(s)]?.format ?? plain)(Number(text)) : text;
      default:
        return text;
    }
  }
}

/** @param address such as `AB12` */
function columnOf(address: string): number {
  const [, letters = ""] = /^([A-Z]{1,3})\d{1,7}$/.exec(address.replaceAll("$", "").toUpperCase()) ?? [];
  if (letters === "") throw outOfRange();
  return [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
}
