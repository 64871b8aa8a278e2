import type { IncomingHttpHeaders } from "node:http";
import { credentialHeaders } from "../credential";

/**
 * Headers that no page of another origin can send without a CORS preflight request, which this server answers only for
 * the origins that it is configured for. A request needs one of them if its method and media type need no preflight.
 */
export const preflightHeaders = ["apollo-require-preflight", "x-apollo-operation-name", ...credentialHeaders];

export const forcesPreflight = (headers: IncomingHttpHeaders): boolean =>
  preflightHeaders.some((name) => headers[name]);
