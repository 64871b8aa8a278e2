import { GraphQLError } from "graphql";
import type { Logger } from "pino";
import { ApiError, internalError } from "../../errors";

/** Whether an error is meant for the caller: an ApiError, or an error of GraphQL about the document. */
function isForCaller(error: unknown): error is GraphQLError {
  if (error instanceof ApiError) return true;
  if (!(error instanceof GraphQLError)) return false;
  return error.originalError === undefined || isForCaller(error.originalError);
}

/** @returns the error itself if it is meant for the caller, else an INTERNAL_SERVER_ERROR without details */
export function maskError(error: unknown): GraphQLError {
  if (isForCaller(error)) return error;
  return internalError(error instanceof GraphQLError ? error.path : undefined);
}

/** Logs internal errors, and the causes of errors that are meant for the caller, with the id of the request. */
export function logErrors(log: Pick<Logger, "error">, requestId: string, errors: readonly unknown[]): void {
  for (const error of errors) {
    const thrown = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    const cause = isForCaller(thrown) ? thrown.cause : thrown;
    if (cause !== undefined) log.error({ err: cause, requestId }, "a request failed");
  }
}
