import { rm } from "node:fs/promises";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detectMediaType, passagesOf } from "../../../src/retrieval/extraction/content";
import { PassageIndex } from "../../../src/retrieval/search/passage-index";
import { writeIndex } from "../../../src/retrieval/search/passage-index-writer";
import { bestPassages, type FoundPassage, type SearchedDocument } from "../../../src/retrieval/search/ranking";
import { englishDocuments } from "./documents-english";
import { otherDocuments } from "./documents-other";
import { type Question, questions, unanswerable } from "./questions";

/** As many passages as `builtin:extractive` quotes. */
const maxPassages = 3;

export interface Quality {
  /** The share of questions whose passage is among the first three. */
  readonly recall: number;
  /** The share of questions whose passage is the first. */
  readonly first: number;
  /** The share of questions without an answer for which nothing is found. */
  readonly nothing: number;
  /** The passages that were found instead, for people. */
  readonly faults: readonly string[];
}

export const corpus = [...englishDocuments, ...otherDocuments];

/** Reads all documents of the corpus, and asks each question of all of them together. */
export async function measureQuality(): Promise<Quality> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-quality-"));
  const documents: SearchedDocument[] = [];
  try {
    for (const { id, content } of corpus) documents.push(await indexed(join(folder, id), id, Buffer.from(content)));
    const answered = questions.map((question) => ({ question, found: ask(documents, question[0]) }));
    const missed = answered.filter(({ question, found }) => !found.some((passage) => answers(passage, question)));
    const first = answered.filter(({ question, found: [best] }) => best && answers(best, question));
    const invented = unanswerable
      .map((text) => ({ text, found: ask(documents, text) }))
      .filter(({ found }) => found.length > 0);
    return {
      recall: 1 - missed.length / questions.length,
      first: first.length / questions.length,
      nothing: 1 - invented.length / unanswerable.length,
      faults: [
        ...missed.map(({ question: [text, id, answer], found }) => `${text} [${id}: ${answer}] -> ${shown(found)}`),
        ...invented.map(({ text, found }) => `${text} [nothing] -> ${shown(found)}`),
      ],
    };
  } finally {
    for (const { index } of documents) index.close();
    await rm(folder, { recursive: true });
  }
}

async function indexed(path: string, id: string, content: Buffer): Promise<SearchedDocument> {
  const type = await detectMediaType(content, true);
  if (type === undefined) throw new Error(`${id} is of no supported type`);
  await writeIndex(path, await passagesOf(content, type));
  const index = PassageIndex.open(path);
  if (!index) throw new Error(`${id} has no index`);
  return { id, index };
}

const ask = (documents: readonly SearchedDocument[], text: string) => bestPassages(documents, text, [], maxPassages);

const answers = ({ documentId, quote, searchText = "" }: FoundPassage, [, id, answer]: Question): boolean =>
  documentId === id && `${searchText} ${quote}`.replace(/\s+/g, " ").includes(answer);

const shown = (found: readonly FoundPassage[]): string =>
  found
    .map(({ documentId, searchText, quote }) => `${documentId}: ${searchText ?? quote}`)
    .join(" | ")
    .slice(0, 300) || "nothing";
