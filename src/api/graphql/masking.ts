import { GraphQLError } from "graphql";
import type { Logger } from "pino";
import { ApiError, internalError } from "../../errors";

/** Whether an error was made for the caller: by this server, or by GraphQL about the document that was sent. */
function isForCaller(error: unknown): error is GraphQLError {
  if (error instanceof ApiError) return true;
  if (!(error instanceof GraphQLError)) return false;
  return error.originalError === undefined || isForCaller(error.originalError);
}

/** An error as the caller may see it: our own faults say nothing but that they are in the log. */
export function maskError(error: unknown): GraphQLError {
  if (isForCaller(error)) return error;
  return internalError(error instanceof GraphQLError ? error.path : undefined);
}

/** Writes our own faults to the log, and the causes of what is told of others', under the id of the request. */
export function logErrors(log: Pick<Logger, "error">, requestId: string, errors: readonly unknown[]): void {
  for (const error of errors) {
    const thrown = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    const cause = isForCaller(thrown) ? thrown.cause : thrown;
    if (cause !== undefined) log.error({ err: cause, requestId }, "a request failed");
  }
}
