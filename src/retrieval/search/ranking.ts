import MiniSearch from "minisearch";
import { type Language, languageOf, termOf, termsOf, wordsOf } from "./language";
import type { Passage } from "../extraction/passage";
import type { IndexedPassage, PassageIndex } from "./passage-index";

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
    const found = distinct(matchesOf(documents, asked)).slice(0, most);
    if (found.length > 0) return found.map(({ passage, documentId }) => published(passage, documentId));
  }
  return [];
}

function published({ quote, searchText, heading, page }: IndexedPassage, documentId: string): FoundPassage {
  return {
    documentId,
    quote,
    ...(searchText === undefined ? {} : { searchText }),
    ...(heading === undefined ? {} : { heading }),
    ...(page === undefined ? {} : { page }),
  };
}

interface Match {
  readonly documentId: string;
  readonly passage: IndexedPassage;
  readonly score: number;
}

/**
 * The passages that each document's index finds, best first by BM25+ (Lv and Zhai, 2011), which MiniSearch has. It gets
 * their terms, as each document is searched by the terms that words have in its language.
 */
function matchesOf(documents: readonly SearchedDocument[], asked: string): Match[] {
  const words = distinctWords(documents, asked);
  const candidates: Omit<Match, "score">[] = [];
  const questions = new Set<string>();
  const search = new MiniSearch<{ id: number; text: string; heading: string }>({
    fields: ["text", "heading"],
    tokenize: (terms) => terms.split(" "),
    processTerm: (term) => term,
    searchOptions: { boost: { heading: headingWeight } },
  });

  for (const { id: documentId, index } of documents) {
    const terms = words.flatMap((word) => termOf(word, index.language) ?? []);
    for (const term of terms) questions.add(term);
    for (const passage of index.candidates(terms)) {
      const text = termsOf(passage.searchText ?? passage.quote, index.language).join(" ");
      const heading = termsOf(passage.heading ?? "", index.language).join(" ");
      search.add({ id: candidates.push({ documentId, passage }) - 1, text, heading });
    }
  }
  if (questions.size === 0) return [];
  return search
    .search([...questions].join(" "))
    .sort((one, other) => other.score - one.score || Number(one.id) - Number(other.id))
    .flatMap(({ id, score }) => {
      const candidate = candidates[Number(id)];
      return candidate ? [{ ...candidate, score }] : [];
    });
}

/** The words of a question that tell what it is about, each root once. */
function distinctWords(documents: readonly SearchedDocument[], asked: string): string[] {
  const words = wordsOf(asked);
  const likelihood = ({ name }: Language) => 1 + documents.filter(({ index }) => index.language.name === name).length;
  const language = languageOf(words, likelihood);
  const roots = new Map(words.map((word) => [termOf(word, language), word]));
  roots.delete(undefined);
  return [...roots.values()].slice(0, mostWords);
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
