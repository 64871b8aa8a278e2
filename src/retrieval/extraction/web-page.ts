import { convert, type DomNode, type FormatCallback } from "html-to-text";

/** Writes headings in Markdown, so that the text below them is indexed under them. */
const formatHeading: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(`${"#".repeat(Number(element.name?.slice(1)))} `);
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

/** Writes each row of a table as a paragraph, because its cells belong together, and a header row as a heading. */
const formatRow: FormatCallback = (element, _walk, builder) => {
  const cells = element.children.filter(({ type }) => type === "tag");
  builder.openBlock({ leadingLineBreaks: 2 });
  if (cells.every(({ name }) => name === "th")) builder.addInline("###### ");
  for (const cell of cells) builder.addInline(`${inlineText(cell)} `);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

/** The text of a cell in one line, even if the cell has paragraphs. */
function inlineText({ type, name, data, children }: DomNode): string {
  if (type === "text") return data ?? "";
  if (type !== "tag" || name === "br") return " ";
  return ` ${children.map(inlineText).join("")}`;
}

/** The visible text of an HTML page, with headings and lists in Markdown. */
export const readableText = (html: string): string =>
  convert(html, {
    wordwrap: false,
    formatters: { heading: formatHeading, row: formatRow },
    selectors: [
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, format: "heading" })),
      { selector: "a", options: { ignoreHref: true } },
      { selector: "img", format: "skip" },
      { selector: "table", format: "block" },
      { selector: "tr", format: "row" },
    ],
    limits: { maxInputLength: undefined },
  });
