import type { FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator, Credential, Identity } from "../../domain/api-key/authenticator";
import { ApiError, internalError, statusOf, unauthenticated } from "../../errors";
import { logErrors } from "../graphql/masking";
import { credentialOfHeaders } from "../credential";

declare module "fastify" {
  /** Set at the door; behind it every request has one. */
  interface FastifyRequest extends Identity {
    credential: Credential;
    /** When it was asked who the caller is, by a clock that only goes forward. */
    askedAt: number;
  }
}

/** How long it may be since it was asked who the caller is, in milliseconds. */
const maxIdentityAgeMs = 1_000;

/** Lets in who has a valid credential, before anything of the body is read. */
export function authenticate(authenticator: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    const credential = credentialOfHeaders(request.raw);
    if (!credential) throw unauthenticated();
    request.credential = credential;
    await identify(request, authenticator);
  };
}

/** Asks again where rights have changed while the body came, or may have, as it took long. */
export function reauthenticateAfterBody(authenticator: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    const isNew = performance.now() - request.askedAt < maxIdentityAgeMs;
    if (!isNew || request.asOf !== authenticator.changeCount) await identify(request, authenticator);
  };
}

async function identify(request: FastifyRequest, authenticator: Authenticator): Promise<void> {
  request.askedAt = performance.now();
  Object.assign(request, await authenticator.identify(request.credential));
}

/** Answers a request that is refused before GraphQL has seen it, in the form that GraphQL's clients know. */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error);
  if (statusOf[refusal.code] >= 500) logErrors(request.log, request.id, [error]);
  if (refusal.code === "UNAUTHENTICATED") void reply.header("www-authenticate", 'Bearer realm="Latchkey"');
  // What is left of a body that was not read is not worth waiting for.
  if (!request.raw.complete) void reply.header("connection", "close");
  return reply.code(statusOf[refusal.code]).send({ errors: [refusal] });
}

function refusalOf(error: unknown): ApiError {
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
    return new ApiError("BAD_USER_INPUT", "The body of this request is not the JSON object that it has to be.");
  }
  return internalError();
}
