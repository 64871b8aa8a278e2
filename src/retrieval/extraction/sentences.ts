import { maxQuoteChars } from "./passage";

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** Intl.Segmenter takes quadratic time, so it gets chunks of this length. */
const maxSegmentChars = 4_000;

/** A sentence does not end after these, even if a capital letter or a number follows. */
const abbreviation =
  /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|etc|e\.g|i\.e|z\.B|d\.h|bzw|p|pp|fig|Fig|\p{Lu})\.\s*$/u;

/** The sentences of a paragraph, verbatim, in any language, with or without spaces. */
export function* sentencesOf(paragraph: string): Generator<string> {
  for (const chunk of split(paragraph, maxSegmentChars)) yield* sentencesOfChunk(chunk);
}

function* sentencesOfChunk(text: string): Generator<string> {
  let start = 0;
  // A line break within a paragraph does not end a sentence.
  for (const { index, segment } of segmenter.segment(text.replace(/[\r\n\t]/g, " "))) {
    const end = index + segment.length;
    if (end < text.length && abbreviation.test(text.slice(start, end))) continue;
    yield* trimmed(text.slice(start, end));
    start = end;
  }
}

function* trimmed(sentence: string): Generator<string> {
  for (const part of split(sentence.trim(), maxQuoteChars)) {
    const text = part.trim();
    if (/[\p{L}\p{N}]/u.test(text)) yield text;
  }
}

/** Splits a text into chunks, between words if possible. */
function* split(text: string, maxChars: number): Generator<string> {
  let start = 0;
  while (text.length - start > maxChars) {
    const window = text.slice(start, start + maxChars);
    const space = Math.max(window.lastIndexOf(" "), window.lastIndexOf("\n"));
    let length = space > maxChars / 2 ? space + 1 : maxChars;
    // Keep surrogate pairs together.
    if (/[\ud800-\udbff]$/.test(window.slice(0, length))) length -= 1;
    yield text.slice(start, start + length);
    start += length;
  }
  if (start < text.length) yield text.slice(start);
}
