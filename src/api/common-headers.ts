import type { IncomingMessage } from "node:http";
import { newId } from "../platform/database/ids";

/** The ids of requests that a caller may choose. They are logged, and sent back in a header. */
const wellFormedId = /^[\w.:=+/-]{1,128}$/;

/** The caller's id of a request if it is well-formed, so that the logs of both can be matched; else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const id = headers["x-request-id"];
  return typeof id === "string" && wellFormedId.test(id) ? id : newId();
}

/** The headers of every response of the API. */
export const commonHeaders = (requestId: string) => ({
  "x-request-id": requestId,
  // Responses depend on the rights of the caller at the time.
  "cache-control": "no-store",
  vary: "Accept, Authorization, X-API-Key",
  "x-content-type-options": "nosniff",
});
