import { maxQuoteLength } from "./passage";

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** The time that Intl.Segmenter takes grows with the square of the length, so it is given no more than this at once. */
const segmentAtMost = 4_000;

/** A sentence does not end behind these, though a capital or a number follows. */
const abbreviation =
  /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|etc|e\.g|i\.e|z\.B|d\.h|bzw|p|pp|fig|Fig|\p{Lu})\.\s*$/u;

/** The sentences of a paragraph, word for word, in any language, with or without spaces. */
export function* sentencesOf(paragraph: string): Generator<string> {
  for (const stretch of cut(paragraph, segmentAtMost)) yield* sentencesOfStretch(stretch);
}

function* sentencesOfStretch(text: string): Generator<string> {
  let start = 0;
  // A line break within a paragraph ends no sentence.
  for (const { index, segment } of segmenter.segment(text.replace(/[\r\n\t]/g, " "))) {
    const end = index + segment.length;
    if (end < text.length && abbreviation.test(text.slice(start, end))) continue;
    yield* trimmed(text.slice(start, end));
    start = end;
  }
}

function* trimmed(sentence: string): Generator<string> {
  for (const part of cut(sentence.trim(), maxQuoteLength)) {
    const text = part.trim();
    if (/[\p{L}\p{N}]/u.test(text)) yield text;
  }
}

/** Cuts a text into parts of a greatest length, between words where there is a place between words. */
function* cut(text: string, most: number): Generator<string> {
  let start = 0;
  while (text.length - start > most) {
    const window = text.slice(start, start + most);
    const space = Math.max(window.lastIndexOf(" "), window.lastIndexOf("\n"));
    let length = space > most / 2 ? space + 1 : most;
    // Not between the two halves of a character.
    if (/[\ud800-\udbff]$/.test(window.slice(0, length))) length -= 1;
    yield text.slice(start, start + length);
    start += length;
  }
  if (start < text.length) yield text.slice(start);
}
