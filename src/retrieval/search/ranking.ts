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

/** A match in the headings above a passage counts less than a match in the passage. */
const headingWeight = 0.4;

/** Passages with a lower share of the best score are left out. */
const minShareOfBest = 0.35;

/** The rest of a longer question is ignored. */
const maxWords = 500;

/**
 * The passages that answer a question best, best first. If the question alone matches nothing, the earlier questions are
 * added to it one by one, latest first. The result is deterministic.
 *
 * @param earlier the previous questions, oldest first
 */
export function bestPassages(
  documents: readonly SearchedDocument[],
  question: string,
  earlier: readonly string[],
  maxPassages: number,
): FoundPassage[] {
  let query = question;
  for (const previous of ["", ...earlier.toReversed()]) {
    query = `${query} ${previous}`;
    const found = distinct(matchesOf(documents, query)).slice(0, maxPassages);
    if (found.length > 0) return found.map(({ passage, documentId }) => foundPassage(passage, documentId));
  }
  return [];
}

function foundPassage({ quote, searchText, heading, page }: IndexedPassage, documentId: string): FoundPassage {
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
 * Ranks the candidates of all documents by BM25+ (Lv and Zhai, 2011), as implemented by MiniSearch. MiniSearch gets terms
 * instead of texts, because the terms of a word depend on the language of each document.
 */
function matchesOf(documents: readonly SearchedDocument[], query: string): Match[] {
  const words = distinctWords(documents, query);
  const candidates: Omit<Match, "score">[] = [];
  const queryTerms = new Set<string>();
  const search = new MiniSearch<{ id: number; text: string; heading: string }>({
    fields: ["text", "heading"],
    tokenize: (terms) => terms.split(" "),
    processTerm: (term) => term,
    searchOptions: { boost: { heading: headingWeight } },
  });

  for (const { id: documentId, index } of documents) {
    const terms = words.flatMap((word) => termOf(word, index.language) ?? []);
    for (const term of terms) queryTerms.add(term);
    for (const passage of index.candidates(terms)) {
      const text = termsOf(passage.searchText ?? passage.quote, index.language).join(" ");
      const heading = termsOf(passage.heading ?? "", index.language).join(" ");
      search.add({ id: candidates.push({ documentId, passage }) - 1, text, heading });
    }
  }
  if (queryTerms.size === 0) return [];
  return search
    .search([...queryTerms].join(" "))
    .sort((one, other) => other.score - one.score || Number(one.id) - Number(other.id))
    .flatMap(({ id, score }) => {
      const candidate = candidates[Number(id)];
      return candidate ? [{ ...candidate, score }] : [];
    });
}

/** The words of a query without stop words, one for each stem. */
function distinctWords(documents: readonly SearchedDocument[], query: string): string[] {
  const words = wordsOf(query);
  const weightOf = ({ name }: Language) => 1 + documents.filter(({ index }) => index.language.name === name).length;
  const language = languageOf(words, weightOf);
  const wordsByStem = new Map(words.map((word) => [termOf(word, language), word]));
  wordsByStem.delete(undefined);
  return [...wordsByStem.values()].slice(0, maxWords);
}

/** Removes weak matches, and those whose text another match has already. */
function distinct(matches: readonly Match[]): Match[] {
  const best = matches[0]?.score ?? 0;
  const found = new Map<string, Match>();
  for (const match of matches) {
    if (match.score < best * minShareOfBest) break;
    const key = match.passage.quote.toLowerCase().replace(/\s+/g, " ");
    if (!found.has(key)) found.set(key, match);
  }
  return [...found.values()];
}
