import type { FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator, Credential, Identity, PresentedCredential } from "../../domain/api-key/authenticator";
import type { RequestRates } from "../../domain/api-key/request-rates";
import { ApiError, internalError, malformedCredential, retryAfterOf, statusOf } from "../../errors";
import { logErrors } from "../graphql/masking";
import { errorTypeOf } from "../graphql/media-type";
import { consoleCredentialOf } from "../console/console-credential";
import { consolePath } from "../console/serve-console";
import type { SessionCookie } from "../console/session-cookie";
import { credentialOfHeaders, theOnly } from "../credential";
import type { Doorkeeper } from "../doorkeeper";
import type { ConnectionGate } from "../streams/connection-gate";
import { fairShareOf } from "../../auth/caller";
import { endWait } from "./admission";
import { isSmallBody } from "./request-bounds";

declare module "fastify" {
  /** Set by authenticate(): guarded routes can rely on it. */
  interface FastifyRequest extends Identity {
    credential: PresentedCredential;
    /** When the caller was last authenticated, in milliseconds of a monotonic clock. */
    authenticatedAt: number;
  }
}

const maxIdentityAgeMs = 1_000;

/** Creates the hook that requires a valid credential, before anything of the body is read. */
export function authenticate(doorkeeper: Doorkeeper, connectionGate: ConnectionGate, cookie?: SessionCookie) {
  return async (request: FastifyRequest): Promise<void> => {
    const { socket } = request.raw;
    try {
      const credential = doorkeeper.presented(request.raw, credentialOf(request, cookie));
      request.credential = credential;
      request.report.address = credential.address;
      request.authenticatedAt = performance.now();
      Object.assign(request, await doorkeeper.identify(credential));
      request.report.caller = request.caller;
      if (request.caller.kind === "API_KEY") request.report.statements++;
      connectionGate.keep(socket, fairShareOf(request.caller));
    } catch (error) {
      connectionGate.dismiss(socket);
      throw error;
    } finally {
      endWait(request.raw);
    }
  };
}

/** The cookie on the paths of the console, and a header everywhere else. */
function credentialOf(request: FastifyRequest, cookie: SessionCookie | undefined): Credential {
  const { raw } = request;
  if (cookie && isOfConsole(request)) return consoleCredentialOf(raw, cookie);
  const credential = theOnly(credentialOfHeaders(raw));
  if (cookie?.read(raw) !== undefined) throw malformedCredential("SEVERAL_CREDENTIALS");
  return credential;
}

const isOfConsole = ({ routeOptions }: FastifyRequest): boolean =>
  routeOptions.url?.startsWith(`${consolePath}/`) === true;

/** Creates the hook that charges a request to the rates of its caller. */
export function chargeRequest(rates: RequestRates) {
  return async ({ caller }: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const state = await rates.charge(caller, 1);
    if (!state) return;
    void reply.headers({
      "ratelimit-limit": state.limit,
      "ratelimit-remaining": state.remaining,
      "ratelimit-reset": Math.ceil(state.resetMs / 1_000),
    });
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
  request.report.refuse([shown]);
  const status = statusOf[shown.code];
  if (status >= 500) logErrors(request.log, request.id, [error]);
  if (shown.code === "UNAUTHENTICATED") void reply.header("www-authenticate", 'Bearer realm="Latchkey"');
  const retryAfterSeconds = retryAfterOf([shown]);
  if (retryAfterSeconds !== undefined) void reply.header("retry-after", retryAfterSeconds);
  // Closing the connection is cheaper than reading the rest of a large body, and dearer than reading that of a small one.
  if (!request.raw.complete && !(retryAfterSeconds !== undefined && isSmallBody(request)))
    void reply.header("connection", "close");
  return reply
    .code(status)
    .type(errorTypeOf(request.headers.accept))
    .send({ errors: [shown] });
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
