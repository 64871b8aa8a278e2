import { GraphQLError } from "graphql";
import type { Logger } from "pino";
import { ApiError } from "./errors";

/** Whether an error was made for the caller: by this server, or by GraphQL about the document that was sent. */
function isForCaller(error: unknown): error is GraphQLError {
  if (error instanceof ApiError) return true;
  if (!(error instanceof GraphQLError)) return false;
  return error.originalError === undefined || isForCaller(error.originalError);
}

/** An error as the caller may see it: our own faults say nothing but that they are in the log. */
export function masked(error: unknown): GraphQLError {
  if (isForCaller(error)) return error;
  const path = error instanceof GraphQLError ? error.path : undefined;
  return new ApiError("INTERNAL_SERVER_ERROR", "Something went wrong in the server. Its log says what.", {
    ...(path && { path }),
  });
}

/** Writes our own faults to the log, under the id of the request. */
export function logFaults(log: Logger, requestId: string, errors: readonly unknown[]): void {
  for (const error of errors) {
    if (isForCaller(error)) continue;
    const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    log.error({ err: cause, requestId }, "a request failed");
  }
}
