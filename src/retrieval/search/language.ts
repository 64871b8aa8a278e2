import { createRequire } from "node:module";

/** What is to be known of a language to search in it. */
export interface Language {
  readonly name: string;
  /** Words that stand in every text, and so tell nothing of what it is about. */
  readonly stopwords: ReadonlySet<string>;
  /** What is left of a word without its endings, so that `key` finds `keys`. */
  readonly stem: (word: string) => string;
}

const withEndings = [
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
const withoutEndings = ["japanese", "mandarin"] as const;

// The types of these packages say that they have ES modules alone, which is not so.
const load = createRequire(__filename);
const stopwordsOf = (name: string) => (load(`@orama/stopwords/${name}`) as { stopwords: string[] }).stopwords;
const stemmerOf = (name: string) => (load(`@orama/stemmers/${name}`) as { stemmer: Language["stem"] }).stemmer;

const languages: readonly Language[] = [
  ...withEndings.map((name) => ({ name, stopwords: new Set(stopwordsOf(name)), stem: stemmerOf(name) })),
  ...withoutEndings.map((name) => ({ name, stopwords: new Set(stopwordsOf(name)), stem: (word: string) => word })),
];

/** @throws where there is none of this name */
export function languageNamed(name: string): Language {
  const language = languages.find((each) => each.name === name);
  if (!language) throw new Error(`There is no language ${name}`);
  return language;
}

/**
 * The language of a text, told by its small words. A few of them are words of several languages, so that what is known
 * beside the text counts as well.
 *
 * @param likelihood how much more likely than others a language is, from 1
 */
export function languageOf(words: readonly string[], likelihood: (language: Language) => number = () => 1): Language {
  const weighed = languages.map((language) => {
    const smallWords = words.filter((word) => language.stopwords.has(word)).length;
    return { language, weight: smallWords * likelihood(language) };
  });
  return weighed.reduce((best, each) => (each.weight > best.weight ? each : best)).language;
}

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** Scripts that are written without spaces between words. */
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** The time that Intl.Segmenter takes grows with the square of the length, so it is given no more than this at once. */
const segmentAtMost = 500;

/** The words of a text, in small letters, in any language. */
export function wordsOf(text: string): string[] {
  const runs =
    text
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{N}\p{M}_]+(?:['’][\p{L}\p{N}\p{M}]+)*/gu) ?? [];
  return runs.flatMap((run) => (unspaced.test(run) ? segmented(run) : [run.replaceAll("’", "'")]));
}

function segmented(run: string): string[] {
  const words: string[] = [];
  for (let start = 0; start < run.length; start += segmentAtMost) {
    for (const { segment, isWordLike } of segmenter.segment(run.slice(start, start + segmentAtMost))) {
      if (isWordLike) words.push(segment);
    }
  }
  return words;
}

/** What a word is searched by; undefined where it tells nothing. */
export function termOf(word: string, { stopwords, stem }: Language): string | undefined {
  if (stopwords.has(word)) return undefined;
  // What an apostrophe cuts off is an ending or an article: `barn's`, `l'étable`.
  const root = word.split("'").reduce((longest, part) => (part.length > longest.length ? part : longest));
  return stopwords.has(root) ? undefined : stem(root);
}

/** What a text is found by. */
export const termsOf = (text: string, language: Language): string[] =>
  wordsOf(text).flatMap((word) => termOf(word, language) ?? []);
