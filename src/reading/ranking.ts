import MiniSearch from "minisearch";
import { languageOf, termOf, wordsOf } from "./language";
import type { Passage } from "./passage";

/** What is found in the headings above a passage counts, but less than what is found in it. */
const headingWeight = 0.4;

/** So many tell what language the documents are written in. */
const sampledPassages = 200;

/** A passage that matches much worse than the best is no answer. */
const leastShareOfBest = 0.35;

/**
 * The passages that answer a question best, best first, by BM25 (Robertson and Zaragoza, 2009; MiniSearch has it as
 * BM25+). Where the question alone finds nothing, what was asked before is taken into account, the latest first. The
 * same passages and questions give the same answer each time.
 *
 * @param earlier what was asked before, oldest first
 */
export function bestPassages<Found extends Passage>(
  passages: readonly Found[],
  question: string,
  earlier: readonly string[],
  most: number,
): Found[] {
  const sample = passages.slice(0, sampledPassages).map(({ quote }) => quote);
  const language = languageOf(wordsOf([...earlier, question].join(" ")), wordsOf(sample.join(" ")));
  const index = new MiniSearch<{ id: number; text: string; heading: string }>({
    fields: ["text", "heading"],
    tokenize: wordsOf,
    processTerm: (word) => termOf(word, language),
    searchOptions: { boost: { heading: headingWeight } },
  });
  index.addAll(passages.map(({ said, quote, heading = "" }, id) => ({ id, text: said ?? quote, heading })));

  let asked = question;
  for (const before of ["", ...earlier.toReversed()]) {
    asked = `${asked} ${before}`;
    const best = distinct(index.search(asked).sort(byScore), passages).slice(0, most);
    if (best.length > 0) return best;
  }
  return [];
}

interface Match {
  readonly id: number;
  readonly score: number;
}

const byScore = (one: Match, other: Match): number => other.score - one.score || one.id - other.id;

/** What several documents say in the same words is said once. */
function distinct<Found extends Passage>(matches: readonly Match[], passages: readonly Found[]): Found[] {
  const best = matches[0]?.score ?? 0;
  const found = new Map<string, Found>();
  for (const { id, score } of matches) {
    const passage = passages[id];
    if (!passage || score < best * leastShareOfBest) break;
    const key = passage.quote.toLowerCase().replace(/\s+/g, " ");
    if (!found.has(key)) found.set(key, passage);
  }
  return [...found.values()];
}
