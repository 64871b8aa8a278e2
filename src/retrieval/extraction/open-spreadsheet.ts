import type { Archive } from "./archive";
import { shortened } from "./number-format";
import { parseXml } from "./xml";
import type { Passage } from "./passage";
import { SheetLimits, SheetPassages } from "./sheet";
import { type Cell, maxColumns, maxSheets, type SheetRow, tooManySheets } from "./sheet-row";
import type { Attributes, XmlHandler } from "./xml";

/**
 * The rows of an OpenDocument spreadsheet that are shown, each with the name of its sheet, and with the names of its
 * columns if the sheet has a header.
 *
 * @throws {UnreadableError}
 */
export async function* openSheetPassages(archive: Archive): AsyncGenerator<Passage> {
  const document = new OpenSheets();
  let passages: SheetPassages | undefined;
  for await (const _ of parseXml(archive.chunks("content.xml"), document)) {
    for (const found of document.found.splice(0)) {
      if (Array.isArray(found)) yield* passages?.add(found) ?? [];
      else {
        yield* passages?.end() ?? [];
        passages = new SheetPassages((found as { name: string }).name);
      }
    }
  }
  yield* passages?.end() ?? [];
}

/** Collects the sheets and their rows, in their order. */
class OpenSheets implements XmlHandler {
  readonly found: ({ readonly name: string } | SheetRow)[] = [];
  private readonly limits = new SheetLimits();
  private readonly hiddenStyles = new Set<string>();
  private style = "";
  private sheets = 0;
  private tableDepth = 0;
  private isSheetHidden = false;
  private isRowHidden = false;
  private hiddenColumns: boolean[] = [];
  private cells: (Cell | undefined)[] = [];
  private column = 0;
  private cell: Attributes | undefined;
  private paragraphs: string[] = [];
  private isText = false;
  private commentDepth = 0;

  open(name: string, attributes: Attributes): void {
    if (this.commentDepth > 0 || name === "office:annotation") this.commentDepth++;
    else if (name === "style:style") this.style = attributes["style:name"] ?? "";
    else if (name === "style:table-properties" && attributes["table:display"] === "false")
      this.hiddenStyles.add(this.style);
    else if (name === "table:table") this.openTable(attributes);
    else if (this.tableDepth !== 1) return;
    else if (name === "table:table-column") {
      const end = Math.min(this.hiddenColumns.length + repeats(attributes, "columns"), maxColumns);
      while (this.hiddenColumns.length < end) this.hiddenColumns.push(isHidden(attributes));
    } else if (name === "table:table-row") {
      this.isRowHidden = isHidden(attributes);
      [this.cells, this.column] = [[], 0];
    } else if (name === "table:table-cell" || name === "table:covered-table-cell") {
      [this.cell, this.paragraphs] = [attributes, []];
    } else if (name === "text:p" && this.cell) {
      this.isText = true;
      this.paragraphs.push("");
    } else if (this.isText && spaces.has(name)) this.write(" ");
  }

  text(text: string): void {
    if (this.isText && this.commentDepth === 0) this.write(text);
  }

  close(name: string): void {
    if (this.commentDepth > 0) this.commentDepth--;
    else if (name === "table:table") this.tableDepth--;
    else if (this.tableDepth !== 1) return;
    else if (name === "text:p") this.isText = false;
    else if (name === "table:table-cell" || name === "table:covered-table-cell") this.closeCell();
    else if (name === "table:table-row") {
      this.limits.add(this.cells);
      // A row that is repeated says nothing new.
      if (!this.isRowHidden && !this.isSheetHidden) this.found.push(this.cells);
    }
  }

  private openTable(attributes: Attributes): void {
    if (++this.tableDepth !== 1) return;
    if (++this.sheets > maxSheets) throw tooManySheets();
    this.isSheetHidden = this.hiddenStyles.has(attributes["table:style-name"] ?? "");
    this.hiddenColumns = [];
    this.found.push({ name: attributes["table:name"] ?? "" });
  }

  private closeCell(): void {
    const attributes = this.cell ?? {};
    const start = this.column;
    this.column = Math.min(start + repeats(attributes, "columns"), maxColumns);
    this.cell = undefined;
    const cell = cellOf(attributes, this.paragraphs.join(" ").trim());
    if (!cell) return;
    while (this.cells.length < start) this.cells.push(undefined);
    for (let i = start; i < this.column; i++) this.cells.push(this.hiddenColumns[i] ? undefined : cell);
  }

  private write(text: string): void {
    this.paragraphs.push((this.paragraphs.pop() ?? "") + text);
  }
}

const spaces = new Set(["text:s", "text:tab", "text:line-break"]);

/** A cell as it is shown, or its value if a program wrote that alone. */
function cellOf(attributes: Attributes, shown: string): Cell | undefined {
  const { "office:value-type": type = "string", "office:date-value": date } = attributes;
  const value = attributes["office:value"] ?? attributes["office:string-value"] ?? attributes["office:boolean-value"];
  const text = type === "date" && date !== undefined ? shortened(date) : shown || (value ?? "");
  return text === "" ? undefined : { text, isText: type === "string", isBold: false };
}

/** Collapsed by hand, or by a filter. */
const isHidden = (attributes: Attributes): boolean => (attributes["table:visibility"] ?? "visible") !== "visible";

const repeats = (attributes: Attributes, of: "columns"): number =>
  Math.max(1, Math.floor(Number(attributes[`table:number-${of}-repeated`] ?? 1)) || 1);
