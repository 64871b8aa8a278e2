import { ApiError } from "../../errors";

/** A limit that is reached, and whose it is. */
export interface ReachedLimit {
  readonly of: "app" | "scope" | "API key" | "session" | "connection" | "server";
  /** The name of the limit in the API. */
  readonly limit: string;
  readonly max: number;
  readonly used: number;
  /** The counted things, as in "at most 5 documents". */
  readonly what: string;
  /** The remedy, for the caller. */
  readonly advice: string;
  /** When there will be room, if that is known. */
  readonly availableAt?: Date;
}

/** LIMIT_REACHED. The extension `allowed` is the same as `max`; clients of the first release read it. */
export function limitReached({ of, limit, max, used, what, advice, availableAt }: ReachedLimit): ApiError {
  return new ApiError("LIMIT_REACHED", `This ${of} may have at most ${max} ${what}, and has ${used}. ${advice}`, {
    extensions: {
      limit,
      of: of === "API key" ? "API_KEY" : of.toUpperCase(),
      max,
      allowed: max,
      used,
      availableAt: availableAt?.toISOString() ?? null,
      ...(availableAt && { retryAfterMs: Math.max(0, availableAt.getTime() - Date.now()) }),
    },
  });
}
