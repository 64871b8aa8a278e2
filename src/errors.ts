import { GraphQLError } from "graphql";

/**
 * Every code that Latchkey itself puts into `errors[].extensions.code`, with the HTTP status of a request that is
 * refused as a whole for it. If one field fails while others succeed, the status is 200, as GraphQL over HTTP requires.
 */
export const statusOf = {
  /** The request has no valid credential, or the rights that it relies on were revoked. */
  UNAUTHENTICATED: 401,
  /** The caller's grants do not satisfy the requirement of a field. */
  FORBIDDEN: 403,
  /** The object does not exist, or belongs to an app that the caller can't reach. */
  NOT_FOUND: 404,
  /** The state of an object rules out the change, such as a name that is taken. */
  CONFLICT: 409,
  /** An input, a variable or the shape of the request is invalid. */
  BAD_USER_INPUT: 400,
  /** The session has an unfinished run or its maximum of queued runs. */
  SESSION_BUSY: 409,
  /** The session has been terminated. */
  SESSION_TERMINATED: 409,
  /** The idempotency key was used with another input. */
  IDEMPOTENCY_CONFLICT: 409,
  /** The body, a field of it, an uploaded file, or the result of the operation exceeds its maximum size. */
  PAYLOAD_TOO_LARGE: 413,
  /** The server does not accept the content type of the body, or the type of the document. */
  UNSUPPORTED_MEDIA_TYPE: 415,
  /** An app, a session or a connection has reached a maximum, such as its number of queued runs. */
  LIMIT_REACHED: 429,
  /** The key, its scope or its app exceeds its request rate, or the address sends too many invalid credentials. */
  RATE_LIMITED: 429,
  /** A dependency, such as the database or the storage, is temporarily unavailable. */
  UNAVAILABLE: 503,
  /** The server has a defect; only the log has the cause. */
  INTERNAL_SERVER_ERROR: 500,
} as const;
export type ErrorCode = keyof typeof statusOf;

export interface FieldError {
  /** The path of the field in the input, such as `input.name`. */
  readonly field: string;
  readonly message: string;
}

/** An error whose message is for the caller. Any other error is an internal one and is masked. */
export class ApiError extends GraphQLError {
  constructor(
    readonly code: ErrorCode,
    message: string,
    { path, extensions }: { path?: readonly (string | number)[]; extensions?: Readonly<Record<string, unknown>> } = {},
    /** For the log only. */
    override readonly cause?: unknown,
  ) {
    super(message, { path: path ?? null, extensions: { code, ...extensions } });
  }
}

/** Identical for every credential that is well-formed but not valid, so that it does not disclose which keys exist. */
export const unauthenticated = () =>
  new ApiError(
    "UNAUTHENTICATED",
    "Send exactly one valid credential: an API key in the header `x-api-key` or `authorization: Bearer ...`, or the administrator's key in the header `authorization: Bearer ...`.",
  );

const sendInstead =
  "Send an API key in the header `x-api-key` or `authorization: Bearer ...`, or the administrator's key in the header `authorization: Bearer ...`.";

/** The reasons of UNAUTHENTICATED that follow from the form of a credential and tell nothing about keys. */
export const credentialReasons = {
  NO_CREDENTIAL: `The request has no credential. ${sendInstead}`,
  SEVERAL_CREDENTIALS: `The request has several credentials that differ. Send one. ${sendInstead}`,
  WRONG_HEADER:
    "The header `x-api-key` takes an API key alone, which starts with `latchkey_`. Send the administrator's key in the header `authorization: Bearer ...`.",
  WRONG_SCHEME: "The header `authorization` takes the word `Bearer`, a space and one credential.",
  QUOTED: "The credential is in quotes or brackets. Send it without them.",
  LINE_BREAK: "The credential has a line break. Send it on one line, without a line break at its end.",
  WHITE_SPACE: "The credential has white space in it. Send it in one piece.",
  KEY_TOO_SHORT: "The API key is cut short. A key is `latchkey_` and 49 letters and digits.",
  KEY_TOO_LONG: "The API key has something behind it. A key is `latchkey_` and 49 letters and digits.",
  KEY_CHARACTERS: "The API key has characters that no key has. A key is `latchkey_` and 49 letters and digits.",
  KEY_CHECKSUM: "The API key is mistyped: its checksum is wrong. Copy it again as it was shown.",
  TOKEN_EXPIRED: "The token has expired. Ask its issuer for a new one.",
  TOKEN_WITHOUT_ROLE:
    "The token names no role of this server (OIDC_ROLE_CLAIM, OIDC_ROLE_MAP). Ask whoever runs the issuer or the server for one.",
} as const;
export type CredentialReason = keyof typeof credentialReasons;

export const malformedCredential = (reason: CredentialReason) =>
  new ApiError("UNAUTHENTICATED", credentialReasons[reason], { extensions: { reason } });

/** For a caller that has the secret of a revoked key, and so may learn of the revocation. */
export const keyRevoked = () =>
  new ApiError("UNAUTHENTICATED", "This API key has been revoked. Ask an administrator for another.", {
    extensions: { reason: "KEY_REVOKED" },
  });

/** Likewise for an administrator by name. */
export const administratorRevoked = () =>
  new ApiError("UNAUTHENTICATED", "This administrator has been revoked. Ask another administrator for a new key.", {
    extensions: { reason: "ADMINISTRATOR_REVOKED" },
  });

/** For a cookie of the console that was never given out, or so long ago that it is forgotten. */
export const noSuchConsoleSession = () =>
  new ApiError("UNAUTHENTICATED", "Nobody is signed in at the console with this cookie. Sign in.", {
    extensions: { reason: "NO_SESSION" },
  });

/** For whoever was signed in at the console, and may learn why not any more. */
export const consoleSessionEnded = () =>
  new ApiError("UNAUTHENTICATED", "Your session of the console is over. Sign in again.", {
    extensions: { reason: "SESSION_ENDED" },
  });

/** For the holder of a valid key, who may learn what address the server has seen. */
export const addressRefused = (address: string) =>
  new ApiError(
    "FORBIDDEN",
    `This API key may not be used from the address ${address}. Ask an administrator to allow it.`,
    { extensions: { reason: "ADDRESS", address } },
  );

/** Why a key may not manage another key, in `extensions.reason` of a FORBIDDEN. */
export const delegationReasons = {
  OWN_SCOPE: "The key is one of the caller's own scope.",
  BEYOND_OWN_RIGHTS: "The scope of the key grants what the caller's scope does not; `required` says what.",
  BEYOND_OWN_ADDRESSES: "The key could be used from an address that the caller may not be used from.",
} as const;

/** @param details `required`: what the caller would need */
export const delegationRefused = (
  reason: keyof typeof delegationReasons,
  message: string,
  details: { readonly required: string; readonly allowedAddresses?: readonly string[] },
) => new ApiError("FORBIDDEN", message, { extensions: { reason, ...details } });

/** Whether a caller is refused as such, whatever they ask for. */
export const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError && (error.code === "UNAUTHENTICATED" || error.extensions["reason"] === "ADDRESS");

/** A transient failure that is not the caller's fault. */
export const unavailable = (cause: unknown): ApiError =>
  isUnavailable(cause)
    ? cause
    : new ApiError("UNAVAILABLE", "The server is temporarily unavailable. Try again in a moment.", {}, cause);

export const isUnavailable = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === "UNAVAILABLE";

/** A rate that a caller exceeds. @param message what the rate is */
export const rateLimited = (message: string, retryAfterMs: number) =>
  new ApiError("RATE_LIMITED", `${message} Try again in ${secondsOf(retryAfterMs)} s.`, {
    extensions: { retryAfterMs: Math.ceil(retryAfterMs) },
  });

/** When to try again if a limit is reached and it is not known when there will be room. */
const defaultRetryAfterSeconds = 60;

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/** The value of the header `Retry-After` for errors for which a request is refused; undefined if none of them passes. */
export function retryAfterOf(errors: readonly Pick<GraphQLError, "extensions">[]): number | undefined {
  const seconds = errors.flatMap(({ extensions }) => {
    switch (extensions["code"] as ErrorCode) {
      case "UNAVAILABLE":
        return [1];
      case "RATE_LIMITED":
      case "LIMIT_REACHED": {
        const { retryAfterMs } = extensions;
        return [typeof retryAfterMs === "number" ? secondsOf(retryAfterMs) : defaultRetryAfterSeconds];
      }
      default:
        return [];
    }
  });
  return seconds.length === 0 ? undefined : Math.max(...seconds);
}

/** A defect of the server; the log has the cause. */
export const internalError = (path?: readonly (string | number)[]) =>
  new ApiError(
    "INTERNAL_SERVER_ERROR",
    "An internal error occurred. The log of the server has the cause.",
    path && { path },
  );

/** Does not repeat the id, so that the answer for an object of another app equals the answer for an unknown id. */
export const notFound = (what: string) => new ApiError("NOT_FOUND", `There is no ${what} with this id.`);

/** Why an object's state rules out a change, in `extensions.reason` of a CONFLICT. */
export const conflictReasons = {
  NAME_TAKEN: "Another object has the name; `field` says where it was given.",
  REFERENCE_TAKEN: "An active session has the reference.",
  VERSION: "The object has another version than expected; `currentVersion` is the one that it has.",
  HAS_KEYS: "The scope has active keys.",
  AGENT_DISABLED: "The agent is switched off.",
  KEY_REVOKED: "The API key is revoked.",
  KEY_ROTATED: "The API key has a successor.",
  ADMINISTRATOR_REVOKED: "The administrator is revoked.",
  DECIDED_BY_ISSUER: "An OpenID Connect issuer decides what was to be changed.",
  IN_USE: "Agents use the model connection or the tool server.",
  RUN_UNFINISHED: "The run has no result yet.",
  ATTEMPT_IN_PROGRESS: "The callback is being delivered at the moment.",
  STREAM_OPEN: "The shared stream is open already.",
  OPERATION_OPEN: "An open operation of the shared stream has the id.",
} as const;
export type ConflictReason = keyof typeof conflictReasons;

/** @param field the path of the input that is ruled out, such as `input.name` */
export const conflict = (
  reason: ConflictReason,
  message: string,
  details: { readonly field?: string; readonly currentVersion?: number } = {},
) => new ApiError("CONFLICT", message, { extensions: { reason, ...details } });

/** For a name that must be unique. @param message says where it must be */
export const nameConflict = (message: string) => conflict("NAME_TAKEN", message, { field: "input.name" });

/** @throws CONFLICT if an update is based on another version than the object has */
export function assertVersion(what: string, current: number, expected: number | undefined): void {
  if (expected === undefined || expected === current) return;
  const message = `The ${what} is at version ${current}, not ${expected}. Read the ${what} again and repeat the update.`;
  throw conflict("VERSION", message, { field: "input.expectedVersion", currentVersion: current });
}

/** Names each invalid field. Never pass a value in a message: it may be a secret. */
export const badInput = (...fields: FieldError[]) =>
  new ApiError("BAD_USER_INPUT", fields.map(({ field, message }) => `${field}: ${message}`).join("; "), {
    extensions: { fields },
  });
