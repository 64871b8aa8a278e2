import type { DocumentReader } from "../retrieval/document-reader";
import type { Model, ModelChunk, ModelRequest } from "./model";
import { findPassages } from "./passages";

const maxPassages = 3;
/** At most 120 characters, up to the end of a word if possible. */
const chunkPattern = /[^]{1,120}(?=\s|$)|[^]{1,120}/gu;

/**
 * Answers with the passages of the session's documents that match the user's text, verbatim, best first. It needs no
 * network and invents nothing. The agent's instructions do not change the result.
 */
export class ExtractiveModel implements Model {
  constructor(private readonly reader: DocumentReader) {}

  async *answer(request: ModelRequest): AsyncIterable<ModelChunk> {
    const { documents } = request;
    if (documents.length === 0) {
      yield* chunksOf("This session has no documents, so there is nothing to answer from. Upload one, and ask again.");
      return;
    }
    const found = await findPassages(this.reader, request, maxPassages, request.signal);
    if (found.length === 0) {
      const names = documents.map(({ filename }) => filename).join(", ");
      yield* chunksOf(`Nothing in the documents of this session matches that. They are: ${names}.`);
      return;
    }
    const filenames = new Map(documents.map(({ id, filename }) => [id, filename]));
    for (const [i, { documentId, quote, searchText, page = null }] of found.entries()) {
      yield { kind: "citation", documentId, quote, page };
      yield* chunksOf(`${i > 0 ? "\n\n" : ""}${searchText ?? quote}`);
      yield { kind: "text", text: ` [${filenames.get(documentId) ?? documentId}]` };
    }
  }
}

/** Splits a text into chunks that end between words. */
function* chunksOf(text: string): Generator<ModelChunk> {
  for (const chunk of text.match(chunkPattern) ?? []) yield { kind: "text", text: chunk };
}
