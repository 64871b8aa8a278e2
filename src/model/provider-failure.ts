import { APICallError, InvalidResponseDataError, NoOutputGeneratedError } from "ai";
import { ResponseTooLargeError } from "../platform/outbound/response-limit";
import { OutboundRefusedError } from "../platform/outbound/outbound";
import { causesOf } from "../platform/process/error-causes";
import { ModelError } from "./model";

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

/** Classifies an error. The result does not repeat messages of the provider. */
export function diagnose(error: unknown): Diagnosis {
  const chain = causesOf(error);
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
  const [top] = chain;
  if (top instanceof ModelError) return { failure: top, isTransient: false, reason: top.code };
  if (
    top instanceof IncompleteStreamError ||
    InvalidResponseDataError.isInstance(top) ||
    NoOutputGeneratedError.isInstance(top)
  ) {
    return unavailable("The model's provider ended the stream before the answer was complete.", "incomplete answer");
  }
  if (top instanceof ProviderStreamError) {
    return unavailable("The model's provider reported an error in the middle of the answer.", "error in the answer");
  }
  const status = APICallError.isInstance(top) ? top.statusCode : undefined;
  if (APICallError.isInstance(top) && status !== undefined && !isSuccess(status)) return diagnoseStatus(top, status);

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
export class ProviderStreamError extends Error {}

/** @param limit which limit the answer reached, such as "the limit of 400,000 characters" */
export const tooLong = (limit: string): ModelError =>
  new ModelError("MODEL_OUTPUT_TOO_LONG", `The answer was stopped because it reached ${limit}.`);

function unavailable(message: string, reason: string): Diagnosis {
  return { failure: new ModelError("MODEL_UNAVAILABLE", message), isTransient: true, reason };
}

function diagnoseStatus({ responseHeaders }: APICallError, status: number): Diagnosis {
  const code = status >= 500 ? "MODEL_UNAVAILABLE" : "MODEL_REJECTED";
  return {
    failure: new ModelError(code, `The model's provider answered with status ${status}.`),
    isTransient: status >= 500 || transientStatuses.has(status),
    retryAfter: retryAfterMs(responseHeaders),
    reason: `status ${status}`,
  };
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
