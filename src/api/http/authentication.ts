import type { FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator, Credential, Identity } from "../../domain/api-key/authenticator";
import { ApiError, internalError, statusOf, unauthenticated } from "../../errors";
import { logErrors } from "../graphql/masking";
import { credentialOfHeaders } from "../credential";

declare module "fastify" {
  /** Set by authenticate(): guarded routes can rely on it. */
  interface FastifyRequest extends Identity {
    credential: Credential;
    /** When the caller was last authenticated, in milliseconds of a monotonic clock. */
    authenticatedAt: number;
  }
}

const maxIdentityAgeMs = 1_000;

/** Creates the hook that requires a valid credential, before anything of the body is read. */
export function authenticate(authenticator: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    const credential = credentialOfHeaders(request.raw);
    if (!credential) throw unauthenticated();
    request.credential = credential;
    await identify(request, authenticator);
  };
}

/** Creates the hook that authenticates again if access has changed, or may have, while the body was received. */
export function reauthenticateAfterBody(authenticator: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    const isRecent = performance.now() - request.authenticatedAt < maxIdentityAgeMs;
    if (!isRecent || request.asOf !== authenticator.changeCount) await identify(request, authenticator);
  };
}

async function identify(request: FastifyRequest, authenticator: Authenticator): Promise<void> {
  request.authenticatedAt = performance.now();
  Object.assign(request, await authenticator.identify(request.credential));
}

/** Answers a request that fails outside of GraphQL, in the shape of a GraphQL response. */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const shown = apiErrorOf(error);
  const status = statusOf[shown.code];
  if (status >= 500) logErrors(request.log, request.id, [error]);
  if (shown.code === "UNAUTHENTICATED") void reply.header("www-authenticate", 'Bearer realm="Latchkey"');
  // Closing the connection is cheaper than reading the rest of the body.
  if (!request.raw.complete) void reply.header("connection", "close");
  return reply.code(status).send({ errors: [shown] });
}

function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new ApiError(
      "PAYLOAD_TOO_LARGE",
      "The body of this request is too large. Send less, or upload it as a document.",
    );
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    const message = "Send `content-type: application/json`, or `multipart/form-data` with a document.";
    return new ApiError("UNSUPPORTED_MEDIA_TYPE", message);
  }
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return new ApiError(
      "BAD_USER_INPUT",
      "The body of this request must be a JSON object, but can't be parsed as one.",
    );
  }
  return internalError();
}
