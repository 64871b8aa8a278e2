import { languageOf, termOf, wordsOf } from "./language";
import type { Passage } from "./passage";
import type { Extent, IndexedPassage, PassageIndex } from "./passage-index";

export interface SearchedDocument {
  readonly id: string;
  readonly index: PassageIndex;
}

export interface FoundPassage extends Passage {
  readonly documentId: string;
}

/** What is found in the headings above a passage counts, but less than what is found in it. */
const headingWeight = 0.4;

/** A passage that matches much worse than the best is no answer. */
const leastShareOfBest = 0.35;

/** Of a question longer than that, the rest is not looked at. */
const mostWords = 500;

/**
 * The passages that answer a question best, best first. Where the question alone finds nothing, what was asked before is
 * taken into account, the latest first. The same documents and questions give the same answer each time.
 *
 * @param earlier what was asked before, oldest first
 */
export function bestPassages(
  documents: readonly SearchedDocument[],
  question: string,
  earlier: readonly string[],
  most: number,
): FoundPassage[] {
  let asked = question;
  for (const before of ["", ...earlier.toReversed()]) {
    asked = `${asked} ${before}`;
    const found = distinct(new Search(documents, asked).matches()).slice(0, most);
    if (found.length > 0) return found.map(({ passage, documentId }) => published(passage, documentId));
  }
  return [];
}

function published({ quote, said, heading, page }: IndexedPassage, documentId: string): FoundPassage {
  return {
    documentId,
    quote,
    ...(said === undefined ? {} : { said }),
    ...(heading === undefined ? {} : { heading }),
    ...(page === undefined ? {} : { page }),
  };
}

interface Match {
  readonly documentId: string;
  readonly passage: IndexedPassage;
  readonly score: number;
}

/** A search for the words of one question. Each document is searched by the terms that they have in its language. */
class Search {
  private readonly words: readonly string[];
  private readonly passages: Extent;
  private readonly headings: Extent;

  constructor(
    private readonly documents: readonly SearchedDocument[],
    asked: string,
  ) {
    const words = wordsOf(asked);
    const likelihood = ({ name }: { name: string }) =>
      1 + documents.filter(({ index }) => index.language.name === name).length;
    const language = languageOf(words, likelihood);
    const roots = new Map(words.map((word) => [termOf(word, language), word]));
    roots.delete(undefined);
    this.words = [...roots.values()].slice(0, mostWords);
    this.passages = sum(documents.map(({ index }) => index.passages));
    this.headings = sum(documents.map(({ index }) => index.headings));
  }

  /** Best first. */
  matches(): Match[] {
    const searched = this.documents.map(({ id, index }) => {
      const terms = this.words.map((word) => termOf(word, index.language));
      return { id, index, terms };
    });
    const frequencies = this.words.map((_, i) => {
      const found = searched.map(({ index, terms }) => {
        const term = terms[i];
        return term === undefined ? [0, 0] : [index.passagesOf(term), index.headingsOf(term)];
      });
      return { passages: total(found.map(([n = 0]) => n)), headings: total(found.map(([, n = 0]) => n)) };
    });
    return searched
      .flatMap(({ id, index, terms }) => {
        const known = terms.filter((term) => term !== undefined);
        return index.candidates(known).map((passage) => {
          const text = countsOf(passage.said ?? passage.quote, index);
          const heading = countsOf(passage.heading ?? "", index);
          let score = 0;
          let matched = 0;
          terms.forEach((term, i) => {
            const [inText, inHeading] = [text.of(term), heading.of(term)];
            if (inText + inHeading > 0) matched++;
            score += bm25(inText, text.length, frequencies[i]?.passages ?? 0, this.passages);
            score += headingWeight * bm25(inHeading, heading.length, frequencies[i]?.headings ?? 0, this.headings);
          });
          // What has more of the words answers more of the question.
          return { documentId: id, passage, score: score * matched };
        });
      })
      .filter(({ score }) => score > 0)
      .sort((one, other) => other.score - one.score);
  }
}

const total = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

const sum = (extents: readonly Extent[]): Extent => ({
  count: total(extents.map(({ count }) => count)),
  terms: total(extents.map(({ terms }) => terms)),
});

function countsOf(text: string, { language }: PassageIndex) {
  const counts = new Map<string, number>();
  let length = 0;
  for (const word of wordsOf(text)) {
    const term = termOf(word, language);
    if (term === undefined) continue;
    length++;
    counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return { length, of: (term: string | undefined) => (term === undefined ? 0 : (counts.get(term) ?? 0)) };
}

/** How soon more of the same word counts less, how much length counts, and what each match counts at least. */
const [k, b, d] = [1.2, 0.7, 0.5];

/**
 * BM25+ (Lv and Zhai, 2011). SQLite's own BM25 knows of one document's passages alone, and so can't compare those of two.
 *
 * @param count of the term in the passage, which has `length` terms
 * @param frequency of passages that have the term
 */
function bm25(count: number, length: number, frequency: number, all: Extent): number {
  if (count === 0) return 0;
  const rarity = Math.log(1 + (all.count - frequency + 0.5) / (frequency + 0.5));
  const usual = all.terms / all.count;
  return rarity * (d + (count * (k + 1)) / (count + k * (1 - b + (b * length) / usual)));
}

/** What several documents say in the same words is said once. */
function distinct(matches: readonly Match[]): Match[] {
  const best = matches[0]?.score ?? 0;
  const found = new Map<string, Match>();
  for (const match of matches) {
    if (match.score < best * leastShareOfBest) break;
    const key = match.passage.quote.toLowerCase().replace(/\s+/g, " ");
    if (!found.has(key)) found.set(key, match);
  }
  return [...found.values()];
}
