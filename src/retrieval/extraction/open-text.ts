import type { Block } from "./blocks";
import { TableBlocks } from "./table-blocks";
import type { Attributes, XmlHandler } from "./xml";

/** Elements that the visible text does not show: deleted text, comments, and the numbers of notes, which are next to words. */
const skippedElements = new Set([
  "text:tracked-changes",
  "office:annotation",
  "text:note-citation",
  "text:hidden-text",
  "text:ruby-text",
  "office:forms",
]);

const characters: Readonly<Record<string, (attributes: Attributes) => string>> = {
  "text:s": (attributes) => " ".repeat(Math.min(Number(attributes["text:c"] ?? 1) || 1, 100)),
  "text:tab": () => "\t",
  "text:line-break": () => "\n",
};

const maxLevel = 10;

/** Collects the blocks of an OpenDocument text. */
export class OpenText implements XmlHandler {
  readonly blocks: Block[] = [];
  private readonly tables = new TableBlocks(this.blocks);
  private readonly hiddenStyles = new Set<string>();
  private style = "";
  /** The paragraph of a footnote is inside another paragraph. */
  private readonly paragraphs: { readonly level: number; text: string; isHidden: boolean }[] = [];
  private skippedDepth = 0;
  private headerRows = 0;

  /**
   * @param isWhole false to collect only what is in headers and footers
   * @param formulas by the name of their folders
   */
  constructor(
    private readonly isWhole = true,
    private readonly formulas: ReadonlyMap<string, string> = new Map(),
  ) {}

  private regions = 0;

  open(name: string, attributes: Attributes): void {
    if (this.skippedDepth > 0 || this.isSkipped(name, attributes)) {
      this.skippedDepth++;
      return;
    }
    const paragraph = this.paragraphs.at(-1);
    if (/^style:(?:header|footer)/.test(name)) this.regions++;
    else if (name === "style:style") this.style = attributes["style:name"] ?? "";
    else if (name === "style:text-properties" && attributes["text:display"] === "none")
      this.hiddenStyles.add(this.style);
    else if (name === "table:table") this.tables.openTable();
    else if (name === "table:table-header-rows") this.headerRows++;
    else if (name === "table:table-row") this.tables.openRow(this.headerRows > 0);
    else if (name === "table:table-cell") this.tables.openCell();
    else if (name === "text:p") this.paragraphs.push({ level: 0, text: "", isHidden: false });
    else if (name === "text:h") {
      const level = Math.min(Math.max(Number(attributes["text:outline-level"]) || 1, 1), maxLevel);
      this.paragraphs.push({ level, text: "", isHidden: false });
    } else if (name === "text:hidden-paragraph" && paragraph) {
      paragraph.isHidden = attributes["text:is-hidden"] === "true";
    } else if (name === "draw:object" && paragraph) {
      paragraph.text += this.formulas.get((attributes["xlink:href"] ?? "").replace(/^\.\//, "")) ?? "";
    } else if (paragraph) paragraph.text += characters[name]?.(attributes) ?? "";
  }

  text(text: string): void {
    const paragraph = this.paragraphs.at(-1);
    if (paragraph && this.skippedDepth === 0) paragraph.text += text.replace(/[\t\r\n ]+/g, " ");
  }

  close(name: string): void {
    if (this.skippedDepth > 0) this.skippedDepth--;
    else if (/^style:(?:header|footer)/.test(name)) this.regions--;
    else if (name === "table:table-header-rows") this.headerRows--;
    else if (name === "table:table") this.tables.closeTable();
    else if (name === "text:p" || name === "text:h") this.closeParagraph();
  }

  private isSkipped(name: string, attributes: Attributes): boolean {
    if (skippedElements.has(name)) return true;
    if (name === "text:section" && attributes["text:display"] === "none") return true;
    return this.hiddenStyles.has(attributes["text:style-name"] ?? "") && name !== "style:style";
  }

  private closeParagraph(): void {
    const { level = 0, text = "", isHidden = false } = this.paragraphs.pop() ?? {};
    const trimmed = text.trim();
    if (trimmed === "" || isHidden || (!this.isWhole && this.regions === 0)) return;
    if (level > 0 && this.isWhole) this.blocks.push({ level, title: trimmed });
    else if (!this.tables.addParagraph(trimmed)) this.blocks.push({ paragraph: trimmed });
  }
}
