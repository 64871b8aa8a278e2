import { entryStart, isJsonLine } from "./line-formats";
import { maxQuoteChars, type Passage } from "./passage";
import { leafPassages } from "./records";
import { sentencesOf } from "./sentences";

const linesOf = (text: string): string[] => text.split(/\r?\n/);

/** The entries of a log, with the lines that continue them, such as a stack trace. */
export function* logPassages(text: string): Generator<Passage> {
  let entry: string[] = [];
  let chars = 0;
  for (const line of linesOf(text)) {
    if (entryStart.test(line) || chars + line.length > maxQuoteChars) {
      yield* linePassages(entry);
      [entry, chars] = [[], 0];
    }
    entry.push(line);
    chars += line.length + 1;
  }
  yield* linePassages(entry);
}

/** The lines of JSON, each with its values; a line that is none is read as text. */
export function* jsonLinePassages(text: string): Generator<Passage> {
  for (const line of linesOf(text)) {
    if (!isJsonLine(line)) yield* linePassages([line]);
    else if (line.length > maxQuoteChars) yield* leafPassages(line);
    // An escaped character is no part of a word.
    else if (line.includes("\\")) yield { quote: line.trim(), searchText: [...valuesOf(line)].join(", ") };
    else yield { quote: line.trim() };
  }
}

function* valuesOf(line: string): Generator<string> {
  for (const { searchText, quote } of leafPassages(line)) yield searchText ?? quote;
}

function* linePassages(lines: readonly string[]): Generator<Passage> {
  const text = lines.join("\n").trim();
  if (text.length > maxQuoteChars) for (const quote of sentencesOf(text)) yield { quote };
  else if (/[\p{L}\p{N}]/u.test(text)) yield { quote: text };
}
