import { convert, type DomNode, type FormatCallback } from "html-to-text";

/** Headings as Markdown has them, so that what stands under them is found by them. */
const formatHeading: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(`${"#".repeat(Number(element.name?.slice(1)))} `);
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

/** A row in a paragraph of its own, since what stands beside each other belongs together, under the row of the names. */
const formatRow: FormatCallback = (element, _walk, builder) => {
  const cells = element.children.filter(({ type }) => type === "tag");
  builder.openBlock({ leadingLineBreaks: 2 });
  if (cells.every(({ name }) => name === "th")) builder.addInline("###### ");
  for (const cell of cells) builder.addInline(`${inlineText(cell)} `);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

/** What a cell says in one line, though it may have paragraphs in it. */
function inlineText({ type, name, data, children }: DomNode): string {
  if (type === "text") return data ?? "";
  if (type !== "tag" || name === "br") return " ";
  return ` ${children.map(inlineText).join("")}`;
}

/** What a person reads of an HTML page, with its headings and lists as Markdown has them. */
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
