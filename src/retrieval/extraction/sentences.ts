import { maxQuoteChars } from "./passage";

const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });

/** Intl.Segmenter takes quadratic time, so it gets chunks of this length. */
const maxSegmentChars = 4_000;

/** A sentence does not end after these, even if a capital letter or a number follows. */
const abbreviation =
  /(?:^|[\s(])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|vs|etc|e\.g|i\.e|z\.B|d\.h|bzw|p|pp|fig|Fig|\p{Lu})\.\s*$/u;

/** The end of a sentence is this long at most, so that a long one is not searched again and again. */
const maxEndChars = 20;

/** The day of a date, or another number with a dot of German, Czech and Nordic languages, and the month after it. */
const day = /(?:^|[\s(])\d{1,2}\.\s*$/;
const monthName =
  /^(?:jan|feb|mär|mar|apr|maj|mai|jun|jul|aug|sep|okt|nov|dez|des|dec|tammi|helmi|maalis|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu)/i;

/** The sentences of a paragraph, verbatim, in any language, with or without spaces. */
export function* sentencesOf(paragraph: string): Generator<string> {
  for (const chunk of split(paragraph, maxSegmentChars)) yield* sentencesOfChunk(chunk);
}

function* sentencesOfChunk(text: string): Generator<string> {
  let start = 0;
  // A line break within a paragraph does not end a sentence.
  for (const { index, segment } of segmenter.segment(text.replace(/[\r\n\t]/g, " "))) {
    const end = index + segment.length;
    if (end < text.length && isOpen(text.slice(Math.max(start, end - maxEndChars), end), text.slice(end, end + 10)))
      continue;
    yield* trimmed(text.slice(start, end));
    start = end;
  }
}

/** Whether a text ends with a dot that does not end a sentence. */
const isOpen = (end: string, next: string): boolean =>
  abbreviation.test(end) || (day.test(end) && monthName.test(next));

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
