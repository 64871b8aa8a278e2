import { type JSONPath, visit } from "jsonc-parser";
import { headingSeparator, maxQuoteChars, type Passage } from "./passage";
import { plainPassages } from "./prose";
import { passagesOfRow } from "./row-passages";
import { sentencesOf } from "./sentences";
import type { Table } from "./table";

const maxSiblingChars = 500;
const maxPathNames = 50;
const maxPathChars = 500;

const maxTitleChars = 300;

/** The rows of a table, each with the names of its columns if the table has a header, under the titles above it. */
export function* rowPassages({
  titles = [],
  header,
  rows,
  isProperties = false,
  others = [],
}: Table): Generator<Passage> {
  const shown = titles.map(({ cells, raw }) => (cells.filter(Boolean).length > 1 ? raw : cells.join(" ").trim()));
  for (const title of shown) for (const quote of sentencesOf(title)) yield { quote };
  const heading = shown.join(headingSeparator).slice(0, maxTitleChars);
  for (const { cells, raw } of rows) {
    const [name = "", ...values] = cells;
    const passages = isProperties
      ? passagesOfRow([name], [values.join(" ").trim()], raw)
      : passagesOfRow(header, cells, raw);
    for (const passage of passages) yield heading === "" ? passage : { heading, ...passage };
  }
  for (const table of others) yield* rowPassages(table);
}

interface Leaf {
  readonly path: string;
  /** Verbatim from the document, with the name of its property. */
  readonly quote: string;
  readonly text: string;
}

/**
 * The leaves of a JSON text, each with its path. The siblings in the same object or list are searched as its heading. A
 * text that only begins as JSON is read as plain text.
 */
export function* leafPassages(json: string): Generator<Passage> {
  // The visitor is synchronous and cannot yield, so the passages are collected.
  const passages: Passage[] = [];
  const open: Leaf[][] = [];
  let property: number | undefined;
  const seen = { isJson: true };

  const begin = () => {
    open.push([]);
    property = undefined;
  };
  const end = () => {
    for (const passage of passagesOf(open.pop() ?? [])) passages.push(passage);
  };
  visit(json, {
    onError: () => (seen.isJson = false),
    onObjectBegin: begin,
    onArrayBegin: begin,
    onObjectEnd: end,
    onArrayEnd: end,
    onObjectProperty: (_name, offset) => (property = offset),
    onLiteralValue(value: string | number | boolean | null, offset, length, _line, _character, pathOf) {
      const quote = json.slice(property ?? offset, offset + length);
      // A number may have more digits than one of JavaScript.
      const text = typeof value === "string" ? value : json.slice(offset, offset + length);
      if (value !== null && value !== "") open.at(-1)?.push({ path: namesIn(pathOf()), quote, text });
      property = undefined;
    },
  });
  yield* seen.isJson ? passages : plainPassages(json);
}

/** The end of a path, as each leaf below a long name repeats it. */
const namesIn = (path: JSONPath): string =>
  path
    .slice(-maxPathNames)
    .map((name) => String(name).slice(-maxPathChars))
    .join(".")
    .slice(-maxPathChars);

/** The siblings of so many leaves are those of each, and of more those of all. */
const maxSiblings = 20;

function* passagesOf(leaves: readonly Leaf[]): Generator<Passage> {
  const joined = (texts: readonly Leaf[]) =>
    texts
      .map(({ text }) => text)
      .join(" ")
      .slice(0, maxSiblingChars);
  const all = leaves.length > maxSiblings ? joined(leaves) : undefined;
  for (const leaf of leaves) {
    const { path, quote, text } = leaf;
    const heading = all ?? joined(leaves.filter((other) => other !== leaf));
    if (quote.length > maxQuoteChars)
      for (const sentence of sentencesOf(text)) yield { quote: sentence, heading: path };
    else yield { quote, searchText: `${path}: ${text}`, ...(heading === "" ? {} : { heading }) };
  }
}
