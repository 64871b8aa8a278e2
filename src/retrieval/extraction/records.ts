import { visit } from "jsonc-parser";
import { maxQuoteLength, type Passage } from "./passage";
import { sentencesOf } from "./sentences";
import type { Table } from "./table";

/** How much of what stands beside a value it is found by, in characters. */
const maxSiblings = 500;

/** The rows of a table, each with the names of its columns where the table has them. */
export function* rowPassages({ header, rows }: Table): Generator<Passage> {
  for (const { cells, raw } of rows) {
    const named = header.map((name, i) => [name, cells[i] ?? ""] as const).filter(([, cell]) => cell.trim() !== "");
    if (header.length > 0 && named.length === 0) continue;
    const searchText = named.map(([name, cell]) => `${name}: ${cell}`).join(", ");
    if (raw.length <= maxQuoteLength) yield searchText === "" ? { quote: raw } : { quote: raw, searchText };
    else for (const quote of sentencesOf(raw)) yield { quote };
  }
}

interface Leaf {
  readonly path: string;
  /** As it stands in the document, with the name of its property. */
  readonly quote: string;
  readonly text: string;
}

/** The leaves of a JSON text, each with its path, and found also by what stands beside it in the same object or list. */
export function* leafPassages(json: string): Generator<Passage> {
  // The visitor calls back, so that what it finds is handed on an object or list at a time.
  const found: Passage[] = [];
  const open: Leaf[][] = [];
  let property: number | undefined;

  const begin = () => {
    open.push([]);
    property = undefined;
  };
  const end = () => {
    for (const passage of passagesOf(open.pop() ?? [])) found.push(passage);
  };
  visit(json, {
    onObjectBegin: begin,
    onArrayBegin: begin,
    onObjectEnd: end,
    onArrayEnd: end,
    onObjectProperty: (_name, offset) => (property = offset),
    onLiteralValue(value: string | number | boolean | null, offset, length, _line, _character, pathOf) {
      const quote = json.slice(property ?? offset, offset + length);
      if (value !== null && value !== "") open.at(-1)?.push({ path: pathOf().join("."), quote, text: String(value) });
      property = undefined;
    },
  });
  yield* found;
}

function* passagesOf(leaves: readonly Leaf[]): Generator<Passage> {
  const beside = leaves
    .map(({ text }) => text)
    .join(" ")
    .slice(0, maxSiblings);
  for (const { path, quote, text } of leaves) {
    if (quote.length <= maxQuoteLength) yield { quote, searchText: `${path}: ${text}`, heading: beside };
    else for (const sentence of sentencesOf(quote)) yield { quote: sentence, heading: path };
  }
}
