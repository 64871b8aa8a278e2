import { z } from "zod";
import { parsed } from "./json";

/** Words for an error of any kind, which say nothing. */
const sayNothing: ReadonlySet<string> = new Set(["error", "errors", "unknown", "none", "null", "undefined"]);

const detail = z.object({ code: z.unknown(), type: z.unknown(), status: z.unknown() });
const envelope = z.object({ error: detail.partial() });
/** Of an event by which OpenAI says that an answer has failed. */
const response = z.object({ response: envelope });

/** @returns undefined if a text can't be a code, such as a sentence */
export function codeOf(text: unknown): string | undefined {
  if (typeof text !== "string" || !/^[A-Za-z][\w.:-]{1,63}$/.test(text)) return undefined;
  return sayNothing.has(text.toLowerCase()) ? undefined : text;
}

/** The code that a provider gives its error, such as `insufficient_quota`. @param error as the provider sent it, or as JSON */
export function errorCodeOf(error: unknown): string | undefined {
  const value = typeof error === "string" ? parsed(error) : error;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const { error: inner = first } = envelope.safeParse(first).data ?? response.safeParse(first).data?.response ?? {};
  const { data } = detail.partial().safeParse(inner);
  return codeOf(data?.code) ?? codeOf(data?.type) ?? codeOf(data?.status);
}

/**
 * The HTTP statuses of errors that a retry does not help, or not soon, by the names that the documentation of Anthropic
 * (Messages API, "Errors") and OpenAI ("Error codes") gives them.
 */
const rejections: ReadonlyMap<unknown, number> = new Map([
  ["invalid_request_error", 400],
  ["invalid_prompt", 400],
  ["context_length_exceeded", 400],
  ["authentication_error", 401],
  ["invalid_api_key", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["model_not_found", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["rate_limit_exceeded", 429],
  ["insufficient_quota", 429],
]);

/** The HTTP status that an error within a stream names as its code, or that its name stands for. */
export function errorStatusOf(error: unknown): number | undefined {
  const { data } = detail.partial().safeParse(error);
  const status = [data?.code, data?.status].map(Number).find((each) => each >= 400 && each < 600);
  return Number.isInteger(status) ? status : rejections.get(errorCodeOf(error));
}
