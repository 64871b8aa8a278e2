import { ParagraphText } from "./paragraph-text";
import type { Attributes, XmlHandler } from "./xml";

/** Placeholders that repeat on each slide: number, date, footer. */
const repeatedPlaceholders = new Set(["sldNum", "dt", "ftr", "hdr"]);

/** Collects the text of a slide or of its notes. */
export class SlideText implements XmlHandler {
  title = "";
  readonly paragraphs: string[] = [];
  /** The charts and diagrams of the slide, by the ids of their relationships. */
  readonly embedded = new Map<string, "chart" | "diagram">();
  /** Whether the slide is part of a show. */
  show: string | undefined;
  private placeholder = "";
  private paragraph: ParagraphText | undefined;
  private row: string[] | undefined;
  private isText = false;
  private fallbackDepth = 0;

  open(name: string, attributes: Attributes): void {
    // A second version of what is there, for old programs.
    if (this.fallbackDepth > 0 || name === "mc:Fallback") this.fallbackDepth++;
    else if (name === "p:sld") this.show = attributes["show"];
    else if (name === "p:nvPr") this.placeholder = "";
    else if (name === "p:ph") this.placeholder = attributes["type"] ?? "";
    else if (name === "a:tr") this.row = [];
    else if (name === "a:p") this.paragraph = new ParagraphText();
    else if (name === "a:t" || name === "m:t") this.isText = true;
    else if (name === "c:chart") this.embed("chart", attributes["r:id"]);
    else if (name === "dgm:relIds") this.embed("diagram", attributes["r:dm"]);
    else if (this.paragraph) {
      if (name === "a:br") this.paragraph.add("\n");
      else this.paragraph.openElement(name, attributes);
    }
  }

  text(text: string): void {
    if (this.isText) this.paragraph?.add(text);
  }

  close(name: string): void {
    if (this.fallbackDepth > 0) this.fallbackDepth--;
    else if (name === "a:t" || name === "m:t") this.isText = false;
    else if (name === "a:tr") this.closeRow();
    else if (name === "a:p") this.closeParagraph();
    else this.paragraph?.closeElement(name);
  }

  private closeRow(): void {
    const text = this.row?.join(" ") ?? "";
    if (text !== "") this.paragraphs.push(text);
    this.row = undefined;
  }

  private closeParagraph(): void {
    const text = String(this.paragraph ?? "");
    this.paragraph = undefined;
    if (text === "" || repeatedPlaceholders.has(this.placeholder)) return;
    if (this.row) this.row.push(text);
    else if (this.placeholder === "title" || this.placeholder === "ctrTitle")
      this.title = `${this.title} ${text}`.trim();
    else this.paragraphs.push(text);
  }

  private embed(kind: "chart" | "diagram", id: string | undefined): void {
    if (id !== undefined) this.embedded.set(id, kind);
  }
}
