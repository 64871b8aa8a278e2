import { isEntryStart, jsonOf, withoutColours } from "./line-formats";
import { maxQuoteChars, type Passage } from "./passage";
import { leafPassages } from "./records";
import { sentencesOf } from "./sentences";

const linesOf = (text: string): string[] => text.split(/\r?\n/);

/** The entries of a log, with the lines that continue them, such as a stack trace. */
export function* logPassages(text: string): Generator<Passage> {
  let entry: string[] = [];
  let chars = 0;
  for (const line of linesOf(text)) {
    if (isEntryStart(line) || chars + line.length > maxQuoteChars) {
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
    const json = jsonOf(line);
    if (json === undefined) yield* linePassages([line]);
    else if (json.length > maxQuoteChars) yield* leafPassages(json);
    // An escaped character is no part of a word.
    else if (json.includes("\\")) yield { quote: json, searchText: [...valuesOf(json)].join(", ") };
    else yield { quote: json };
  }
}

function* valuesOf(line: string): Generator<string> {
  for (const { searchText, quote } of leafPassages(line)) yield searchText ?? quote;
}

function* linePassages(lines: readonly string[]): Generator<Passage> {
  const text = lines.join("\n").trim();
  const shown = withoutColours(text);
  if (text.length > maxQuoteChars) for (const quote of sentencesOf(shown)) yield { quote };
  else if (/[\p{L}\p{N}]/u.test(shown)) yield shown === text ? { quote: text } : { quote: text, searchText: shown };
}
