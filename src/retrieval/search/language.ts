import { createRequire } from "node:module";

export interface Language {
  readonly name: string;
  /** Words that occur in every text, so that they say nothing about its subject. */
  readonly stopwords: ReadonlySet<string>;
  /** Removes the endings of a word, so that `key` finds `keys`. */
  readonly stem: (word: string) => string;
}

const inflected = [
  "english",
  "german",
  "french",
  "spanish",
  "italian",
  "portuguese",
  "dutch",
  "swedish",
  "danish",
  "norwegian",
  "finnish",
  "russian",
] as const;
const uninflected = ["japanese", "mandarin"] as const;

// The types of these packages declare ES modules only, but the packages have CommonJS too.
const load = createRequire(__filename);
const stopwordsOf = (name: string) => (load(`@orama/stopwords/${name}`) as { stopwords: string[] }).stopwords;
const stemmerOf = (name: string) => (load(`@orama/stemmers/${name}`) as { stemmer: Language["stem"] }).stemmer;

const languages: readonly Language[] = [
  ...inflected.map((name) => ({ name, stopwords: new Set(stopwordsOf(name)), stem: stemmerOf(name) })),
  ...uninflected.map((name) => ({ name, stopwords: new Set(stopwordsOf(name)), stem: (word: string) => word })),
];

/** @throws if there is no such language */
export function languageNamed(name: string): Language {
  const language = languages.find((each) => each.name === name);
  if (!language) throw new Error(`Unknown language: ${name}`);
  return language;
}

/**
 * Detects the language of a text by its stop words. Some of them belong to several languages, so the caller can weight
 * the languages.
 *
 * @param weightOf a factor of at least 1
 */
export function languageOf(words: readonly string[], weightOf: (language: Language) => number = () => 1): Language {
  const scored = languages.map((language) => {
    const stopwords = words.filter((word) => language.stopwords.has(word.toLowerCase())).length;
    return { language, score: stopwords * weightOf(language) };
  });
  return scored.reduce((best, each) => (each.score > best.score ? each : best)).language;
}

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** Scripts that are written without spaces between words. */
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** Intl.Segmenter takes quadratic time, so it gets chunks of this length. */
const maxSegmentChars = 500;

/** Signs within a word that are not shown, such as the soft hyphen. */
const invisible = /[\u00ad\u200b\u2060\ufeff]/g;

/** Abbreviations are written like this, and may otherwise be small words: IT, WHO. */
const abbreviation = /^\p{Lu}{2,5}$/u;

/**
 * The words of a text in any language, in lower case, but abbreviations as they are written. An identifier is followed by
 * the words that it is made of.
 */
export function wordsOf(text: string): string[] {
  const runs =
    text
      .normalize("NFKC")
      .replace(invisible, "")
      .match(/[\p{L}\p{N}\p{M}_]+(?:['’][\p{L}\p{N}\p{M}]+)*/gu) ?? [];
  return runs.flatMap((run) => {
    if (unspaced.test(run)) return segmented(run.toLowerCase());
    if (abbreviation.test(run)) return [run];
    const parts = partsOf(run);
    const word = run.toLowerCase().replaceAll("’", "'");
    return parts.length > 1 ? [word, ...parts] : [word];
  });
}

/** Between the words of an identifier: before a capital letter, or before the last one of several. */
const wordStart = /_+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

/** Between the letters and the digits of an identifier. */
const digitStart = /(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})/u;

/** The words of `support_phone`, `refundPolicyDays`, `HTTPServer` and `iPhone15Pro`, and the `iPhone` before its digits. */
function partsOf(run: string): string[] {
  const words = run.split(wordStart).filter(Boolean);
  const pieces = words.length > 1 ? run.split(digitStart) : [];
  const parts = pieces.length > 1 ? pieces.flatMap((piece) => [piece, ...piece.split(wordStart)]) : words;
  return [...new Set(parts.filter(Boolean).map((part) => part.toLowerCase()))];
}

function segmented(run: string): string[] {
  const words: string[] = [];
  for (let start = 0; start < run.length; start += maxSegmentChars) {
    for (const { segment, isWordLike } of segmenter.segment(run.slice(start, start + maxSegmentChars))) {
      if (isWordLike) words.push(segment);
    }
  }
  return words;
}

/** The search term of a word; undefined for a stop word, unless it is written as an abbreviation. */
export function termOf(written: string, { stopwords, stem }: Language): string | undefined {
  const word = written.toLowerCase();
  if (stopwords.has(word)) return word === written ? undefined : word;
  // The shorter part at an apostrophe is an ending or an article: `barn's`, `l'étable`.
  const root = word.split("'").reduce((longest, part) => (part.length > longest.length ? part : longest));
  return stopwords.has(root) ? undefined : stem(root);
}

/** The search terms of a text. */
export const termsOf = (text: string, language: Language): string[] =>
  wordsOf(text).flatMap((word) => termOf(word, language) ?? []);
