import { GraphQLError } from "graphql";
import type { Logger } from "pino";
import { ApiError, badInput, internalError } from "../../errors";

/** Whether an error is meant for the caller: an ApiError, or an error of GraphQL about the document. */
function isForCaller(error: unknown): error is GraphQLError {
  if (error instanceof ApiError) return true;
  if (!(error instanceof GraphQLError)) return false;
  return error.originalError === undefined || isForCaller(error.originalError);
}

/**
 * GraphQL lets a variable that may be null stand where none may be if there is a default, and finds the null on execution.
 * Its error has no code.
 */
function nullArgumentError({ message, path, extensions }: GraphQLError): ApiError | undefined {
  if (extensions["code"] !== undefined) return undefined;
  const [, name, isNull] = /^Argument "(\w+)" (?:(of non-null type)|has invalid value) /.exec(message) ?? [];
  if (name === undefined) return undefined;
  const error = badInput({
    field: name,
    message: isNull ? "must not be null" : "must have no null that a field refuses",
  });
  return new ApiError(error.code, error.message, { ...(path && { path }), extensions: error.extensions });
}

/** @returns the error itself if it is meant for the caller, else an INTERNAL_SERVER_ERROR without details */
export function maskError(error: unknown): GraphQLError {
  if (isForCaller(error)) return nullArgumentError(error) ?? error;
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
