import type { FoundPassage } from "../reading/ranking";
import { type Reader, SearchFailed } from "../reading/reader";
import { ModelFailed, type ModelRequest } from "./model";

/**
 * The passages of the session's documents that match what the user says, best first.
 *
 * @throws ModelFailed; whatever the signal was given with, where it was given
 */
export async function findPassages(
  reader: Reader,
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
      return reader.find({ documents: searched, question: text, earlier: asked, most }, signal);
    }, signal);
  } catch (error) {
    if (!(error instanceof SearchFailed)) throw error;
    throw error.reason === "TIMEOUT"
      ? new ModelFailed("MODEL_TIMEOUT", "Searching the documents of this session took too long. Use fewer of them.")
      : new ModelFailed(
          "DOCUMENTS_TOO_LARGE",
          "The documents of this session are too large to be searched together. Use fewer.",
        );
  }
}
