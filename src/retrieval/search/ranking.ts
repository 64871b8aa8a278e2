import MiniSearch from "minisearch";
import { termOf, termsOf } from "./language";
import { headingSeparator, type Passage } from "../extraction/passage";
import type { IndexedPassage, PassageIndex } from "./passage-index";
import { type Question, questionOf } from "./question";

export interface SearchedDocument {
  readonly id: string;
  readonly index: PassageIndex;
}

export interface FoundPassage extends Passage {
  readonly documentId: string;
}

/** A match in the heading of a passage counts less than a match in the passage, and one in those above that even less. */
const headingWeight = 0.4;
const aboveWeight = 0.15;

/** How much of a word a passage has that is only in the headings above its own. */
const aboveCoverage = 0.4;

/** A word of an earlier question counts less than one of the question, and so does a word that only begins like one. */
const contextWeight = 0.3;
const variantWeight = 0.6;

/** Passages with a lower share of the best score are left out. */
const minShareOfBest = 0.35;

/** The same if the best passage has all that is asked. */
const minShareOfWhole = 0.5;

/** The share of what is asked, by weight, that a passage must have to match it. */
const minCoverage = 0.47;

/** How much more a name or a number counts for that than another word that is as rare. */
const nameWeight = 1.5;

/** How much rarer a word that no document has may count than the rarest one that is found. */
const maxAbsentRarity = 1.5;

/** How much less a word does that is common in questions. */
const commonWeight = 0.35;

/** A sentence with more words counts as one with so many. */
const maxWeighedWords = 6;

/** The words of a question that compounds are looked for which end with them. */
const maxScannedWords = 8;

/**
 * The passages that answer a question best, best first; none if no passage has enough of what is asked. Earlier questions
 * only help to tell the passages apart that match this one, if it refers to them. The result is deterministic.
 *
 * @param earlier the previous questions, oldest first
 */
export function bestPassages(
  documents: readonly SearchedDocument[],
  text: string,
  earlier: readonly string[],
  maxPassages: number,
): FoundPassage[] {
  const indexes = documents.map(({ index }) => index);
  const question = questionOf(indexes, text, earlier);
  const weighted = weightsOf(indexes, question);
  if (weighted.every(({ isFound }) => !isFound)) return [];
  const found = distinct(matchesOf(documents, question, weighted)).slice(0, maxPassages);
  return found.map(({ passage, documentId }) => foundPassage(passage, documentId));
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

interface WeightedWord {
  readonly word: string;
  readonly isFound: boolean;
  /** How much of the question the word is: a rare one is more. */
  readonly weight: number;
  readonly sentence: number;
}

/**
 * Only looks terms up, which is far cheaper than a search. A word that is in no document may be said there by another
 * one, so there is a bound to its weight: else no question about what a document speaks of on each page would have an
 * answer.
 */
function weightsOf(indexes: readonly PassageIndex[], { words }: Question): WeightedWord[] {
  const passages = indexes.reduce((sum, { size }) => sum + size, 0);
  const matches = words.map(({ word }, i) =>
    indexes.reduce((sum, index) => {
      const variants = index.variantsOf(termOf(word, index.language), i < maxScannedWords);
      return sum + Math.max(0, ...variants.map((term) => index.frequencyOf(term)));
    }, 0),
  );
  const rarityOf = (count: number) => Math.log(2 + passages / Math.max(1, count));
  const rarest = Math.max(...matches.filter((count) => count > 0).map(rarityOf));
  return words.map(({ word, isName, isCommon, sentence }, i) => {
    const found = matches[i] ?? 0;
    const rarity = found > 0 ? rarityOf(found) : Math.min(rarityOf(0), maxAbsentRarity * rarest);
    const weight = rarity * (isName ? nameWeight : isCommon ? commonWeight : 1);
    return { word, isFound: found > 0, weight, sentence };
  });
}

/** The weight of each sentence. One with many words is matched by as many as another one has. */
function totalsOf(weighted: readonly WeightedWord[]): number[] {
  const totals: number[] = [];
  const counts: number[] = [];
  for (const { sentence, weight } of weighted) {
    totals[sentence] = (totals[sentence] ?? 0) + weight;
    counts[sentence] = (counts[sentence] ?? 0) + 1;
  }
  return Array.from(
    totals,
    (total: number | undefined, i) => (total ?? 0) * Math.min(1, maxWeighedWords / (counts[i] ?? 1)),
  );
}

interface Match {
  readonly documentId: string;
  readonly passage: IndexedPassage;
  readonly score: number;
  /** The share of what is asked that it has, by weight. */
  readonly coverage: number;
}

/**
 * Ranks the candidates of all documents by BM25+ (Lv and Zhai, 2011), as implemented by MiniSearch. MiniSearch gets terms
 * instead of texts, because the terms of a word depend on the language of each document.
 */
function matchesOf(
  documents: readonly SearchedDocument[],
  { context }: Question,
  weighted: readonly WeightedWord[],
): Match[] {
  const candidates: Omit<Match, "score">[] = [];
  const queryTerms = new Map<string, number>();
  const search = new MiniSearch<{ id: number; text: string; heading: string; above: string }>({
    fields: ["text", "heading", "above"],
    tokenize: (terms) => terms.split(" "),
    processTerm: (term) => term,
    searchOptions: {
      boost: { heading: headingWeight, above: aboveWeight },
      boostTerm: (term) => queryTerms.get(term) ?? 1,
    },
  });
  const weigh = (term: string, weight: number) => queryTerms.set(term, Math.max(weight, queryTerms.get(term) ?? 0));
  const totals = totalsOf(weighted);

  for (const { id: documentId, index } of documents) {
    const asked = weighted.map(({ word, weight, sentence }) => {
      const term = termOf(word, index.language);
      const terms = index.variantsOf(term);
      for (const variant of terms) weigh(variant, variant === term ? 1 : variantWeight);
      return { terms, share: weight / (totals[sentence] ?? weight), sentence };
    });
    for (const word of context) {
      const term = termOf(word, index.language);
      if (term !== undefined) weigh(term, contextWeight);
    }
    for (const passage of index.candidates(asked.flatMap(({ terms }) => terms))) {
      const text = termsOf(passage.searchText ?? passage.quote, index.language);
      const headings = (passage.heading ?? "").split(headingSeparator);
      const heading = termsOf(headings.at(-1) ?? "", index.language);
      const above = termsOf(headings.slice(0, -1).join(" "), index.language);
      const own = new Set([...text, ...heading]);
      const others = new Set(above);
      const covered = totals.map(() => 0);
      for (const { terms, share, sentence } of asked) {
        const has = terms.some((term) => own.has(term))
          ? 1
          : terms.some((term) => others.has(term))
            ? aboveCoverage
            : 0;
        covered[sentence] = (covered[sentence] ?? 0) + share * has;
      }
      const coverage = Math.min(1, Math.max(...covered));
      const id = candidates.push({ documentId, passage, coverage }) - 1;
      search.add({ id, text: text.join(" "), heading: heading.join(" "), above: above.join(" ") });
    }
  }
  if (queryTerms.size === 0) return [];
  return search
    .search([...queryTerms.keys()].join(" "))
    .sort((one, other) => other.score - one.score || Number(one.id) - Number(other.id))
    .flatMap(({ id, score }) => {
      const candidate = candidates[Number(id)];
      // A passage with more of what is asked is better than one with a rare word of it.
      return candidate && candidate.coverage >= minCoverage
        ? [{ ...candidate, score: score * candidate.coverage ** 2 }]
        : [];
    })
    .sort((one, other) => other.score - one.score);
}

/** Removes weak matches, and those whose text another match has already. */
function distinct(matches: readonly Match[]): Match[] {
  const [best] = matches;
  const minScore = (best?.score ?? 0) * ((best?.coverage ?? 0) > 0.99 ? minShareOfWhole : minShareOfBest);
  const found = new Map<string, Match>();
  for (const match of matches) {
    if (match.score < minScore) break;
    const key = match.passage.quote.toLowerCase().replace(/\s+/g, " ");
    if (!found.has(key)) found.set(key, match);
  }
  return [...found.values()];
}
