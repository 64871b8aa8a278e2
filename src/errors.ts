import { GraphQLError } from "graphql";

/**
 * Every code that Latchkey itself puts into `errors[].extensions.code`, with the HTTP status of a request that is
 * refused as a whole for it. A field that fails while others succeed is answered with 200, as GraphQL has it.
 */
export const statusOf = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  BAD_USER_INPUT: 400,
  SESSION_BUSY: 409,
  SESSION_TERMINATED: 409,
  IDEMPOTENCY_CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  LIMIT_REACHED: 429,
  RATE_LIMITED: 429,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
} as const;
export type ErrorCode = keyof typeof statusOf;

/** What is wrong with one field of an input. `field` is its path, such as `input.name`. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** An error that the caller is meant to read. Whatever else is thrown is a fault of ours, and is masked. */
export class ApiError extends GraphQLError {
  constructor(
    readonly code: ErrorCode,
    message: string,
    { path, extensions }: { path?: readonly (string | number)[]; extensions?: Readonly<Record<string, unknown>> } = {},
    /** For the log. */
    override readonly cause?: unknown,
  ) {
    super(message, { path: path ?? null, extensions: { code, ...extensions } });
  }
}

/** The same for every request without a valid credential, so that it tells nothing of what was wrong. */
export const unauthenticated = () =>
  new ApiError(
    "UNAUTHENTICATED",
    "Send exactly one valid credential: an API key in the header `x-api-key`, or the administrator's key in the header `authorization: Bearer ...`.",
  );

/** For who holds the secret of a key that was revoked: they may know. */
export const keyRevoked = () =>
  new ApiError("UNAUTHENTICATED", "This API key has been revoked. Ask an administrator for another.", {
    extensions: { reason: "KEY_REVOKED" },
  });

/** For what is no fault of the caller and may pass. */
export const unavailable = (cause: unknown): ApiError =>
  isUnavailable(cause)
    ? cause
    : new ApiError("UNAVAILABLE", "The server can't answer now. Try again in a moment.", {}, cause);

export const isUnavailable = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === "UNAVAILABLE";

/** For a fault of ours, of which only the log says more. */
export const internalError = (path?: readonly (string | number)[]) =>
  new ApiError("INTERNAL_SERVER_ERROR", "Something went wrong in the server. Its log says what.", path && { path });

/** Never repeats the id, so that the answer is the same for another app's object as for none. */
export const notFound = (what: string) => new ApiError("NOT_FOUND", `There is no ${what} with this id.`);

export const conflict = (message: string) => new ApiError("CONFLICT", message);

/** Names each faulty field; never repeats a value. */
export const badInput = (...fields: FieldError[]) =>
  new ApiError("BAD_USER_INPUT", fields.map(({ field, message }) => `${field}: ${message}`).join("; "), {
    extensions: { fields },
  });
