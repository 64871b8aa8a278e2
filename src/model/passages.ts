import type { FoundPassage } from "../retrieval/search/ranking";
import { type DocumentReader, SearchError } from "../retrieval/document-reader";
import { ModelError, type ModelRequest } from "./model";

/**
 * The passages of the session's documents that match what the user says, best first.
 *
 * @throws ModelFailed; whatever the signal was given with, where it was given
 */
export async function findPassages(
  reader: DocumentReader,
  { documents, text, earlier, withIndexes }: Pick<ModelRequest, "documents" | "text" | "earlier" | "withIndexes">,
  most: number,
  signal: AbortSignal,
): Promise<FoundPassage[]> {
  if (documents.length === 0) return [];
  const asked = earlier.filter(({ role }) => role === "USER").map((message) => message.text);
  try {
    return await withIndexes((paths) => {
      const searched = documents.flatMap(({ id }) => {
        const indexPath = paths.get(id);
        return indexPath === undefined ? [] : [{ id, indexPath }];
      });
      return reader.search({ documents: searched, question: text, earlier: asked, maxPassages: most }, signal);
    }, signal);
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    throw error.reason === "TIMEOUT"
      ? new ModelError("MODEL_TIMEOUT", "Searching the documents of this session took too long. Use fewer of them.")
      : new ModelError(
          "DOCUMENTS_TOO_LARGE",
          "The documents of this session are too large to be searched together. Use fewer.",
        );
  }
}
