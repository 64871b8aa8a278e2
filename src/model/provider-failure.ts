import { APICallError, InvalidResponseDataError, NoOutputGeneratedError } from "ai";
import { ResponseTooLargeError } from "../platform/outbound/response-limit";
import { OutboundRefusedError } from "../platform/outbound/outbound";
import { causesOf } from "../platform/process/error-causes";
import { parsed } from "./json";
import { ModelError } from "./model";
import { errorCodeOf, errorStatusOf } from "./provider-code";

/** Request Timeout, Conflict, Too Early, Too Many Requests. */
const transientStatuses = new Set([408, 409, 425, 429]);

export interface Diagnosis {
  readonly failure: ModelError;
  /** Whether a retry may succeed. */
  readonly isTransient: boolean;
  /** The delay that the provider asks for, in milliseconds. */
  readonly retryAfter?: number | undefined;
  /** For the log. It never repeats a message of the provider or of a library, which may contain the API key. */
  readonly reason: string;
}

/**
 * Classifies an error. The result names the provider's code of the error, but does not repeat its message.
 *
 * @param apiKey is repeated by some providers, and is never part of the result
 */
export function diagnose(error: unknown, apiKey: string | null): Diagnosis {
  const chain = causesOf(error);
  const codeIn = (value: unknown) => withoutKey(errorCodeOf(value), apiKey);
  if (chain.some((each) => each instanceof OutboundRefusedError)) {
    const message = "The model's address is not allowed. The operator can allow it in MODEL_ALLOWED_HOSTS.";
    return {
      failure: new ModelError("MODEL_ADDRESS_REFUSED", message),
      isTransient: false,
      reason: "address refused",
    };
  }
  if (chain.some((each) => each instanceof ResponseTooLargeError)) {
    return { failure: tooLong("the maximum size of a response"), isTransient: false, reason: "response too large" };
  }
  const known = chain.find((each) => each instanceof ModelError);
  if (known) return { failure: known, isTransient: false, reason: known.code };
  const [top] = chain;
  if (
    top instanceof IncompleteStreamError ||
    InvalidResponseDataError.isInstance(top) ||
    NoOutputGeneratedError.isInstance(top)
  ) {
    return unavailable("The model's provider ended the stream before the answer was complete.", "incomplete answer");
  }
  if (top instanceof ProviderStreamError) {
    const [code, status] = [codeIn(top.error), errorStatusOf(top.error)];
    if (status !== undefined) return diagnoseStatus(status, code);
    return unavailable(
      withCode("The model's provider reported an error in the middle of the answer", code),
      "error in the answer",
    );
  }
  const status = APICallError.isInstance(top) ? statusOf(top) : undefined;
  if (APICallError.isInstance(top) && status !== undefined && !isSuccess(status)) {
    return diagnoseStatus(status, codeIn(top.responseBody), retryAfterMs(top.responseHeaders));
  }

  const code = chain.map(networkCodeOf).find((each) => each !== undefined);
  if (code !== undefined || (APICallError.isInstance(top) && status === undefined)) {
    return unavailable("The model's provider can't be reached, or the connection to it broke.", code ?? "network");
  }
  const failure = new ModelError("MODEL_FAILED", "The model's provider sent a response that can't be parsed.");
  return { failure, isTransient: false, reason: top instanceof Error ? top.name : typeof top };
}

/** The stream ended without a finish reason. */
export class IncompleteStreamError extends Error {}

/** The provider reported an error inside the stream. */
export class ProviderStreamError extends Error {
  /** @param error as the provider sent it */
  constructor(readonly error?: unknown) {
    super("The provider reported an error");
  }
}

/** @param limit which limit the answer reached, such as "the limit of 400,000 characters" */
export const tooLong = (limit: string): ModelError =>
  new ModelError("MODEL_OUTPUT_TOO_LONG", `The answer was stopped because it reached ${limit}.`);

function unavailable(message: string, reason: string): Diagnosis {
  return { failure: new ModelError("MODEL_UNAVAILABLE", message), isTransient: true, reason };
}

function diagnoseStatus(status: number, providerCode: string | undefined, retryAfter?: number): Diagnosis {
  const code = status >= 500 ? "MODEL_UNAVAILABLE" : "MODEL_REJECTED";
  const hint =
    status === 404 || status === 405
      ? " It has no such model, or a part of the path of the connection's address, such as /v1, is missing."
      : "";
  return {
    failure: new ModelError(code, withCode(`The model's provider answered with status ${status}`, providerCode) + hint),
    isTransient: status >= 500 || transientStatuses.has(status),
    retryAfter,
    reason: `status ${status}`,
  };
}

const withCode = (sentence: string, code: string | undefined): string =>
  code === undefined ? `${sentence}.` : `${sentence} (\`${code}\`).`;

function withoutKey(code: string | undefined, apiKey: string | null): string | undefined {
  const isOfKey = code !== undefined && apiKey !== null && (code.includes(apiKey) || apiKey.includes(code));
  return isOfKey ? undefined : code;
}

/** For an error at the start of a stream, the AI SDK makes up a status. */
function statusOf({ statusCode, responseHeaders, responseBody }: APICallError): number | undefined {
  const isStreamed = responseHeaders?.["content-type"]?.includes("text/event-stream");
  return (isStreamed ? errorStatusOf(parsed(responseBody ?? "")) : undefined) ?? statusCode;
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

function retryAfterMs(headers: Record<string, string> | undefined): number | undefined {
  const delayMs = Number(headers?.["retry-after-ms"]?.trim() || NaN);
  if (delayMs >= 0) return delayMs;
  const value = headers?.["retry-after"]?.trim() || undefined;
  if (value === undefined) return undefined;
  const isSeconds = /^\d+(\.\d+)?$/.test(value);
  const ms = isSeconds ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** The code of a network error, such as ECONNREFUSED or UND_ERR_SOCKET. */
function networkCodeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[A-Z][A-Z_0-9]+$/.test(code) ? code : undefined;
}
