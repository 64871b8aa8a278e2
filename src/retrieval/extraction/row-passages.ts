import { headingSeparator, maxQuoteChars, type Passage } from "./passage";
import { sentencesOf } from "./sentences";

/** A longer cell of a long row is quoted on its own, and the shorter ones are searched with it. */
const maxContextCellChars = 100;
const maxContextChars = 500;

/**
 * A row, with the names of its columns if there are any. The sentences of a very long one are passages of their own, with
 * the name of their column.
 *
 * @param raw the row, verbatim
 */
export function* passagesOfRow(header: readonly string[], cells: readonly string[], raw: string): Generator<Passage> {
  const named = cells
    .map((cell, i) => ({ name: header[i]?.trim() ?? "", cell: cell.trim() }))
    .filter(({ cell }) => cell !== "");
  if (named.length === 0) return;
  const text = (name: string, cell: string) => (name === "" ? cell : `${name}: ${cell}`);
  if (raw.length <= maxQuoteChars) {
    const searchText = named.map(({ name, cell }) => text(name, cell)).join(", ");
    yield header.length === 0 ? { quote: raw } : { quote: raw, searchText };
    return;
  }
  const context = named
    .filter(({ cell }) => cell.length <= maxContextCellChars)
    .map(({ name, cell }) => text(name, cell))
    .join(", ")
    .slice(0, maxContextChars);
  if (context !== "") yield { quote: context };
  for (const { name, cell } of named.filter((each) => each.cell.length > maxContextCellChars)) {
    const heading = [context, name].filter(Boolean).join(headingSeparator);
    for (const quote of sentencesOf(cell)) yield heading === "" ? { quote } : { quote, heading };
  }
}
