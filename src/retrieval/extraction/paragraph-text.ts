import type { Attributes } from "./xml";

/** The symbols that precede the parts of a formula (ECMA-376, part 1, section 22.1). */
const signs: Readonly<Record<string, string>> = {
  "m:num": "",
  "m:den": "/",
  "m:sup": "^",
  "m:sub": "_",
  "m:rad": "√",
};

const isPart = (name: string): boolean => name in signs || name === "m:d";

/** The text of a paragraph, with its formulas in one line: `E=mc^2`. */
export class ParagraphText {
  /** The text, and that of each part of a formula that is open. */
  private readonly open: string[] = [""];

  add(text: string): void {
    this.open.push((this.open.pop() ?? "") + text);
  }

  openElement(name: string, attributes: Attributes): void {
    if (isPart(name)) this.open.push("");
    // The sign of a sum or an integral.
    else if (name === "m:chr") this.add(attributes["m:val"] ?? "");
  }

  closeElement(name: string): void {
    if (!isPart(name) || this.open.length === 1) return;
    const part = this.open.pop() ?? "";
    if (part === "") return;
    this.add((signs[name] ?? "") + (name === "m:d" || part.length > 1 ? `(${part})` : part));
  }

  toString(): string {
    return this.open.join("").trim();
  }
}
