import type { FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator, Credential } from "../api-key/authenticator";
import type { Caller } from "../auth/caller";
import { ApiError, statusOf, unauthenticated } from "../errors";
import { credentialOfHeaders } from "./credential";

declare module "fastify" {
  interface FastifyRequest {
    /** Set at the door; behind it every request has one. */
    caller: Caller;
    credential: Credential;
  }
}

/** Lets in who has a valid credential, before anything of the body is read. */
export function door(authenticator: Authenticator) {
  return async (request: FastifyRequest): Promise<void> => {
    const credential = credentialOfHeaders(request.raw);
    if (!credential) throw unauthenticated();
    request.credential = credential;
    request.caller = await authenticator.authenticate(credential);
  };
}

/** Answers a request that is refused before GraphQL has seen it, in the form that GraphQL's clients know. */
export function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error);
  if (refusal.code === "UNAVAILABLE") request.log.error({ err: error, requestId: request.id }, "a request failed");
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
  return new ApiError("UNAVAILABLE", "The server can't answer now. Try again in a moment.");
}
