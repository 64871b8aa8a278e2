import type { FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator, Credential } from "../api-key/authenticator";
import type { Caller } from "../auth/caller";
import { ApiError, internalError, statusOf, unauthenticated } from "../errors";
import { logFaults } from "../masking";
import { credentialOfHeaders } from "./credential";

declare module "fastify" {
  interface FastifyRequest {
    /** Set at the door; behind it every request has one. */
    caller: Caller;
    credential: Credential;
    /** When it was asked who the caller is, by a clock that only goes forward. */
    askedAt: number;
  }
}

/** How long a body may take before it is asked again who has sent it, in milliseconds. */
const patience = 1_000;

/** Lets in who has a valid credential, before anything of the body is read. */
export function door(authenticator: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    const credential = credentialOfHeaders(request.raw);
    if (!credential) throw unauthenticated();
    request.credential = credential;
    request.askedAt = performance.now();
    request.caller = await authenticator.authenticate(credential);
  };
}

/** Lets in again who took long to send the body, in which time the rights may have gone. */
export function doorBehindBody(authenticator: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    if (performance.now() - request.askedAt < patience) return;
    request.caller = await authenticator.authenticate(request.credential);
  };
}

/** Answers a request that is refused before GraphQL has seen it, in the form that GraphQL's clients know. */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error);
  if (statusOf[refusal.code] >= 500) logFaults(request.log, request.id, [error]);
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
