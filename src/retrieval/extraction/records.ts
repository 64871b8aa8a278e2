import { visit } from "jsonc-parser";
import { maxQuoteChars, type Passage } from "./passage";
import { sentencesOf } from "./sentences";
import type { Table } from "./table";

const maxSiblingChars = 500;

/** The rows of a table, each with the names of its columns if the table has a header. */
export function* rowPassages({ header, rows }: Table): Generator<Passage> {
  for (const { cells, raw } of rows) {
    const named = header.map((name, i) => [name, cells[i] ?? ""] as const).filter(([, cell]) => cell.trim() !== "");
    if (header.length > 0 && named.length === 0) continue;
    const searchText = named.map(([name, cell]) => `${name}: ${cell}`).join(", ");
    if (raw.length <= maxQuoteChars) yield searchText === "" ? { quote: raw } : { quote: raw, searchText };
    else for (const quote of sentencesOf(raw)) yield { quote };
  }
}

interface Leaf {
  readonly path: string;
  /** Verbatim from the document, with the name of its property. */
  readonly quote: string;
  readonly text: string;
}

/** The leaves of a JSON text, each with its path. The siblings in the same object or list are searched as its heading. */
export function* leafPassages(json: string): Generator<Passage> {
  // The visitor is synchronous and cannot yield, so the passages are collected.
  const passages: Passage[] = [];
  const open: Leaf[][] = [];
  let property: number | undefined;

  const begin = () => {
    open.push([]);
    property = undefined;
  };
  const end = () => {
    for (const passage of passagesOf(open.pop() ?? [])) passages.push(passage);
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
  yield* passages;
}

function* passagesOf(leaves: readonly Leaf[]): Generator<Passage> {
  const siblings = leaves
    .map(({ text }) => text)
    .join(" ")
    .slice(0, maxSiblingChars);
  for (const { path, quote, text } of leaves) {
    if (quote.length <= maxQuoteChars) yield { quote, searchText: `${path}: ${text}`, heading: siblings };
    else for (const sentence of sentencesOf(quote)) yield { quote: sentence, heading: path };
  }
}
