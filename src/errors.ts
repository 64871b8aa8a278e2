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
  /** The body, a field of it or an uploaded file exceeds its maximum size. */
  PAYLOAD_TOO_LARGE: 413,
  /** The server does not accept the content type of the body, or the type of the document. */
  UNSUPPORTED_MEDIA_TYPE: 415,
  /** An app, a session or a connection has reached a maximum, such as its number of queued runs. */
  LIMIT_REACHED: 429,
  /** Reserved for a caller that exceeds its request rate; nothing throws it yet. */
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

/** Identical for every request without a valid credential, so that it does not disclose what was wrong. */
export const unauthenticated = () =>
  new ApiError(
    "UNAUTHENTICATED",
    "Send exactly one valid credential: an API key in the header `x-api-key`, or the administrator's key in the header `authorization: Bearer ...`.",
  );

/** For a caller that has the secret of a revoked key, and so may learn of the revocation. */
export const keyRevoked = () =>
  new ApiError("UNAUTHENTICATED", "This API key has been revoked. Ask an administrator for another.", {
    extensions: { reason: "KEY_REVOKED" },
  });

/** A transient failure that is not the caller's fault. */
export const unavailable = (cause: unknown): ApiError =>
  isUnavailable(cause)
    ? cause
    : new ApiError("UNAVAILABLE", "The server is temporarily unavailable. Try again in a moment.", {}, cause);

export const isUnavailable = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === "UNAVAILABLE";

/** A defect of the server; the log has the cause. */
export const internalError = (path?: readonly (string | number)[]) =>
  new ApiError(
    "INTERNAL_SERVER_ERROR",
    "An internal error occurred. The log of the server has the cause.",
    path && { path },
  );

/** Does not repeat the id, so that the answer for an object of another app equals the answer for an unknown id. */
export const notFound = (what: string) => new ApiError("NOT_FOUND", `There is no ${what} with this id.`);

export const conflict = (message: string) => new ApiError("CONFLICT", message);

/** Names each invalid field. Never pass a value in a message: it may be a secret. */
export const badInput = (...fields: FieldError[]) =>
  new ApiError("BAD_USER_INPUT", fields.map(({ field, message }) => `${field}: ${message}`).join("; "), {
    extensions: { fields },
  });
