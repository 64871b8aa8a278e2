import type { Block } from "./blocks";
import { TableBlocks } from "./table-blocks";
import { ParagraphText } from "./paragraph-text";
import { levelOf, type WordStyle } from "./word-styles";
import { type Attributes, isOn, type XmlHandler } from "./xml";

/** A part that is shown where it is named: a chart, a diagram, or a document in another format. */
export interface EmbeddedPart {
  readonly kind: "altChunk" | "chart" | "diagram";
  /** The id of its relationship. */
  readonly id: string;
}

interface Paragraph {
  readonly text: ParagraphText;
  level: number | undefined;
  isHidden: boolean;
  isInRun: boolean;
  isRunHidden: boolean;
}

/** Elements that are in the file but are not shown: deleted text, former properties, pronunciations, a second version for old programs. */
const skippedElements = new Set([
  "w:del",
  "w:moveFrom",
  "w:pPrChange",
  "w:rPrChange",
  "w:sectPrChange",
  "w:tblPrChange",
  "w:trPrChange",
  "w:tcPrChange",
  "w:rt",
  "mc:Fallback",
]);

const runCharacters: Readonly<Record<string, string>> = {
  "w:tab": "\t",
  "w:ptab": "\t",
  "w:br": "\n",
  "w:cr": "\n",
  "w:noBreakHyphen": "-",
};

/** Collects the blocks of a part of a Word document: its body, a header, or its notes. */
export class WordBody implements XmlHandler {
  readonly blocks: (Block | EmbeddedPart)[] = [];
  private readonly tables = new TableBlocks(this.blocks as Block[]);
  /** The paragraphs of a text box are inside another paragraph. */
  private readonly paragraphs: Paragraph[] = [];
  private skippedDepth = 0;
  private isText = false;

  constructor(private readonly styles: ReadonlyMap<string, WordStyle>) {}

  open(name: string, attributes: Attributes): void {
    if (this.skippedDepth > 0 || skippedElements.has(name) || isSeparator(name, attributes)) {
      this.skippedDepth++;
      return;
    }
    const paragraph = this.paragraphs.at(-1);
    if (name === "w:p") {
      this.paragraphs.push({
        text: new ParagraphText(),
        level: undefined,
        isHidden: false,
        isInRun: false,
        isRunHidden: false,
      });
    } else if (name === "w:t" || name === "m:t") this.isText = true;
    else if (name === "w:tbl") this.tables.openTable();
    else if (name === "w:tr") this.tables.openRow();
    else if (name === "w:tc") this.tables.openCell();
    else if (name === "w:tblHeader" && isOn(attributes["w:val"])) this.tables.markHeader();
    else if (name === "w:altChunk") this.embed("altChunk", attributes["r:id"]);
    else if (name === "c:chart") this.embed("chart", attributes["r:id"]);
    else if (name === "dgm:relIds") this.embed("diagram", attributes["r:dm"]);
    else if (paragraph) this.openInParagraph(paragraph, name, attributes);
  }

  private openInParagraph(paragraph: Paragraph, name: string, attributes: Attributes): void {
    const value = attributes["w:val"];
    if (name === "w:r") Object.assign(paragraph, { isInRun: true, isRunHidden: false });
    else if (paragraph.isInRun && name in runCharacters) this.write(runCharacters[name] ?? "");
    else if (paragraph.isInRun && name === "w:vanish") paragraph.isRunHidden = isOn(value);
    else if (name === "w:rStyle") paragraph.isRunHidden ||= this.styles.get(value ?? "")?.isHidden ?? false;
    else if (name === "w:outlineLvl") paragraph.level = levelOf(value);
    else if (name === "w:pStyle") {
      const style = this.styles.get(value ?? "");
      paragraph.level ??= style?.level;
      paragraph.isHidden = style?.isHidden ?? false;
    } else paragraph.text.openElement(name, attributes);
  }

  text(text: string): void {
    if (this.isText && this.skippedDepth === 0) this.write(text);
  }

  close(name: string): void {
    if (this.skippedDepth > 0) {
      this.skippedDepth--;
      return;
    }
    const paragraph = this.paragraphs.at(-1);
    if (name === "w:t" || name === "m:t") this.isText = false;
    else if (name === "w:p") this.closeParagraph();
    else if (name === "w:r" && paragraph) paragraph.isInRun = false;
    else if (name === "w:tbl") this.tables.closeTable();
    else if (paragraph) paragraph.text.closeElement(name);
  }

  private write(text: string): void {
    const paragraph = this.paragraphs.at(-1);
    if (paragraph && !paragraph.isHidden && !paragraph.isRunHidden) paragraph.text.add(text);
  }

  private closeParagraph(): void {
    const { text, level } = this.paragraphs.pop() ?? {};
    const paragraph = String(text ?? "");
    if (paragraph === "" || this.tables.addParagraph(paragraph)) return;
    this.blocks.push(level === undefined ? { paragraph } : { level, title: paragraph });
  }

  private embed(kind: EmbeddedPart["kind"], id: string | undefined): void {
    if (id !== undefined) this.blocks.push({ kind, id });
  }
}

/** The lines between the text and its notes are notes of a type of their own. */
const isSeparator = (name: string, attributes: Attributes): boolean =>
  (name === "w:footnote" || name === "w:endnote") && !["normal", undefined].includes(attributes["w:type"]);
