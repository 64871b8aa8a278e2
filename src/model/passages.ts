import type { FoundPassage } from "../retrieval/search/ranking";
import { type DocumentReader, SearchError } from "../retrieval/document-reader";
import { ModelError, type ModelRequest } from "./model";

/**
 * Finds the passages of the session's documents that match the user's message, best first.
 *
 * @throws {ModelError} if the search takes too long or too much memory
 * @throws the signal's reason if it is aborted
 */
export async function findPassages(
  reader: DocumentReader,
  request: Pick<ModelRequest, "share" | "documents" | "text" | "earlier" | "withIndexes">,
  maxPassages: number,
  signal: AbortSignal,
): Promise<FoundPassage[]> {
  const { share, documents, text, earlier, withIndexes } = request;
  if (documents.length === 0) return [];
  const earlierQuestions = (await earlier()).filter(({ role }) => role === "USER").map((message) => message.text);
  try {
    return await withIndexes((paths) => {
      const indexed = documents.flatMap(({ id }) => {
        const indexPath = paths.get(id);
        return indexPath === undefined ? [] : [{ id, indexPath }];
      });
      const task = { documents: indexed, question: text, earlier: earlierQuestions, maxPassages };
      return reader.search(task, share, signal);
    }, signal);
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    throw error.reason === "TIMEOUT"
      ? new ModelError("MODEL_TIMEOUT", "Searching this session's documents took too long. Use fewer documents.")
      : new ModelError(
          "DOCUMENTS_TOO_LARGE",
          "This session's documents are too large to be searched together. Use fewer documents.",
        );
  }
}
