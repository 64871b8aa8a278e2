import { convert, type DomNode, type FormatCallback, type RecursiveCallback } from "html-to-text";
import { cellMark, headerMark } from "./prose";

/** Writes headings in Markdown, so that the text below them is indexed under them. */
const formatHeading: FormatCallback = (element, walk, builder) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(`${"#".repeat(Number(element.name?.slice(1)))} `);
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};

type Builder = Parameters<FormatCallback>[2];

const maxColumns = 1_000;
const maxSpannedRows = 1_000;

interface Span {
  readonly text: string;
  rows: number;
}

/** The cells that reach into the next row, by their column, of each table. */
const spansOfTable = new WeakMap<DomNode, Map<number, Span>>();

/** The tables whose last row had the names of columns. */
const openHeaders = new WeakSet<DomNode>();

/** Writes each row of a table as a paragraph of cells, because they belong together, and a header row as one of names. */
const formatRow: FormatCallback = (element, walk, builder) => {
  const cells = element.children.filter(({ name }) => name === "td" || name === "th");
  if (isLayout(cells)) {
    for (const cell of cells) block(cell.children, walk, builder);
    return;
  }
  const table = tableOf(element);
  const areNames = cells.length > 1 && (cells.every(({ name }) => name === "th") || element.parent?.name === "thead");
  const texts = cellsOf(element, cells, areNames);
  if (texts.every((text) => text === "")) return;
  // One name alone is that of the rows below it, not of a column.
  const isHeader = areNames && new Set(texts.filter(Boolean)).size > 1;
  const mark = isHeader ? headerMark + (openHeaders.has(table) ? headerMark : "") : cellMark;
  if (isHeader) openHeaders.add(table);
  else openHeaders.delete(table);
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(mark + texts.join(cellMark), { noWordTransform: true });
  builder.closeBlock({ trailingLineBreaks: 2 });
};

const tableOf = (row: DomNode): DomNode => (row.parent?.name === "table" ? row.parent : (row.parent?.parent ?? row));

/** The texts of the cells of a row, each at the place of its column, and a name at all columns that it is above. */
function cellsOf(row: DomNode, cells: readonly DomNode[], areNames: boolean): string[] {
  const table = tableOf(row);
  const spans = spansOfTable.get(table) ?? new Map<number, Span>();
  spansOfTable.set(table, spans);
  const texts: string[] = [];
  const addSpanned = () => {
    for (let span = spans.get(texts.length); span && span.rows > 0; span = spans.get(texts.length)) {
      span.rows--;
      texts.push(span.text);
    }
  };
  for (const cell of cells) {
    addSpanned();
    const text = inlineText(cell).replace(/\s+/g, " ").trim();
    const columns = spanOf(cell, "colspan", maxColumns - texts.length);
    const rows = spanOf(cell, "rowspan", maxSpannedRows) - 1;
    for (let column = 0; column < columns; column++) {
      const shown = column === 0 || areNames ? text : "";
      if (rows > 0) spans.set(texts.length, { text: shown, rows });
      texts.push(shown);
    }
  }
  addSpanned();
  return texts;
}

const spanOf = (cell: DomNode, name: string, max: number): number =>
  Math.max(1, Math.min(max, Number.parseInt(attributeOf(cell, name) ?? "1", 10) || 1));

const attributeOf = ({ attribs }: DomNode, name: string) => (attribs as Record<string, string> | undefined)?.[name];

const layoutElements = new Set(["table", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "form", "section"]);

const maxLookedAt = 1_000;

/** Whether a row lays out the parts of a page instead of holding values. */
function isLayout(cells: readonly DomNode[]): boolean {
  const [only] = cells;
  if (only && cells.length === 1 && attributeOf(only, "colspan") === undefined) return true;
  const nodes: DomNode[] = [...cells];
  for (let i = 0; i < Math.min(nodes.length, maxLookedAt); i++) {
    const node = nodes[i];
    if (node && layoutElements.has(node.name ?? "")) return true;
    if (nodes.length < maxLookedAt) nodes.push(...(node?.children ?? []).slice(0, maxLookedAt));
  }
  return false;
}

/** A longer description is a text of its own, with what it describes as its heading. */
const maxDescriptionChars = 300;

/** Writes what a description list describes before each description. */
const formatDescriptions: FormatCallback = (element, walk, builder) => {
  let names: string[] = [];
  let isDescribed = false;
  for (const child of element.children.flatMap((node) => (node.name === "div" ? node.children : [node]))) {
    if (child.name === "dt") {
      if (isDescribed) names = [];
      isDescribed = false;
      names.push(inlineText(child).replace(/\s+/g, " ").trim());
    } else if (child.name === "dd") {
      isDescribed = true;
      const name = names.join(", ");
      const text = inlineText(child).replace(/\s+/g, " ").trim();
      if (text.length <= maxDescriptionChars) line(`${name} ${text}`, builder);
      else {
        line(`###### ${name}`, builder);
        block(child.children, walk, builder);
      }
    } else if (child.type === "tag") block([child], walk, builder);
  }
};

function line(text: string, builder: Builder): void {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addInline(text);
  builder.closeBlock({ trailingLineBreaks: 2 });
}

function block(nodes: DomNode[], walk: RecursiveCallback, builder: Builder): void {
  builder.openBlock({ leadingLineBreaks: 2 });
  walk(nodes, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
}

/** The text of an element in one line, even if it has paragraphs. */
function inlineText({ type, name, data, children }: DomNode): string {
  if (type === "text") return data ?? "";
  if (type !== "tag" || name === "br") return " ";
  const text = children.map(inlineText).join("");
  return inlineElements.has(name ?? "") ? text : ` ${text} `;
}

/** Elements that do not end a word. */
const inlineElements = new Set(
  "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q rp rt ruby s samp small span strike strong sub sup time tt u var wbr".split(
    " ",
  ),
);

/** Elements that browsers show as a block or as a line, beside those that `html-to-text` knows as such. */
const blockElements =
  "address article aside blockquote button caption center dd details dialog div dt fieldset figcaption figure footer form header hgroup label legend li main menu nav optgroup option output search section select summary table tbody td textarea tfoot th thead";

/** The visible text of an HTML page, with headings and lists in Markdown, and the cells of tables between marks. */
export const readableText = (html: string): string =>
  convert(html, {
    wordwrap: false,
    formatters: { heading: formatHeading, row: formatRow, descriptions: formatDescriptions },
    selectors: [
      ...blockElements.split(" ").map((selector) => ({
        selector,
        format: "block",
        options: { leadingLineBreaks: 2, trailingLineBreaks: 2 },
      })),
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({ selector, format: "heading" })),
      ...["img", "title", "template", "datalist", "[hidden]"].map((selector) => ({ selector, format: "skip" })),
      { selector: "a", options: { ignoreHref: true } },
      { selector: "dl", format: "descriptions" },
      { selector: "tr", format: "row" },
    ],
    limits: { maxInputLength: undefined },
  });
