import type { DocumentReader } from "../retrieval/document-reader";
import type { Model, ModelChunk, ModelRequest } from "./model";
import { findPassages } from "./passages";

const maxPassages = 3;

/** So long are the pieces that an answer is given in, in characters. */
const pieceLength = 120;

/**
 * Answers with the passages of the session's documents that match what the user says, word for word, best first. It
 * needs no network and makes nothing up; what the agent was told before the conversation does not change what is found.
 */
export class ExtractiveModel implements Model {
  constructor(private readonly reader: DocumentReader) {}

  async *answer(request: ModelRequest): AsyncIterable<ModelChunk> {
    const { documents } = request;
    if (documents.length === 0) {
      yield* spoken("This session has no documents, so there is nothing to answer from. Upload one, and ask again.");
      return;
    }
    const found = await findPassages(this.reader, request, maxPassages, request.signal);
    if (found.length === 0) {
      const names = documents.map(({ filename }) => filename).join(", ");
      yield* spoken(`Nothing in the documents of this session matches that. They are: ${names}.`);
      return;
    }
    const filenames = new Map(documents.map(({ id, filename }) => [id, filename]));
    for (const [i, { documentId, quote, searchText, page = null }] of found.entries()) {
      yield { kind: "citation", documentId, quote, page };
      yield* spoken(`${i > 0 ? "\n\n" : ""}${searchText ?? quote}`);
      yield { kind: "text", text: ` [${filenames.get(documentId) ?? documentId}]` };
    }
  }
}

/** A text in pieces that end between words. */
function* spoken(text: string): Generator<ModelChunk> {
  const pieces = text.match(new RegExp(`[^]{1,${pieceLength}}(?=\\s|$)|[^]{1,${pieceLength}}`, "gu")) ?? [];
  for (const piece of pieces) yield { kind: "text", text: piece };
}
