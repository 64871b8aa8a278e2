import type { Fetch } from "../../platform/outbound/fetch";
import { ModelError } from "../model";
import { isJson, startOf } from "../../platform/outbound/response-start";

/** The connection's address is that of a web page or of another API. */
export const notAnApi = (): ModelError =>
  new ModelError(
    "MODEL_FAILED",
    "The address of the model connection does not answer as the provider's API does. A part of its path, such as /v1, may be missing.",
  );

export const noSuchModel = (): ModelError =>
  new ModelError("MODEL_REJECTED", "The model's provider has no such model.");

const notStreamed = (): ModelError =>
  new ModelError("MODEL_FAILED", "The model's provider did not stream its answer, as it was asked to.");

/**
 * Refuses web pages, such as the login page of a proxy, which are no answer of a model.
 *
 * @param mayBeWhole whether answers that are not streamed are taken
 */
export function refusePages(fetch: Fetch, mayBeWhole: boolean): Fetch {
  return async (input, init) => {
    const answer = await fetch(input, init);
    if (!answer.ok) return answer;
    const { start, response } = await startOf(answer);
    const isWhole = isJson(start);
    if (!start.startsWith("<") && (mayBeWhole || !isWhole)) return response;
    await response.body?.cancel().catch(() => undefined);
    throw isWhole ? notStreamed() : notAnApi();
  };
}
