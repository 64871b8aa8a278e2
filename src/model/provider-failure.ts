import { APICallError, InvalidResponseDataError, NoOutputGeneratedError } from "ai";
import { ResponseTooLargeError } from "../platform/outbound/response-limit";
import { OutboundRefusedError } from "../platform/outbound/outbound";
import { causesOf } from "../platform/process/error-causes";
import { ModelError } from "./model";

/** Statuses below 500 that say "not now": a timeout, a conflict, too early, too many requests. */
const transient = new Set([408, 409, 425, 429]);

/** What went wrong with a provider. */
export interface Diagnosis {
  readonly failure: ModelError;
  /** Whether it may help to ask again. */
  readonly isTransient: boolean;
  /** How long the provider wants to be left alone, in milliseconds. */
  readonly retryAfter?: number | undefined;
  /** For the log. Never a text of the provider's or of a library, as it may hold what was sent: the key. */
  readonly reason: string;
}

/** Tells failures apart. What the provider says about them is not repeated. */
export function diagnose(error: unknown): Diagnosis {
  const chain = causesOf(error);
  if (chain.some((each) => each instanceof OutboundRefusedError)) {
    const message =
      "The model is at an address that may not be called. The operator can allow it by MODEL_ALLOWED_HOSTS.";
    return {
      failure: new ModelError("MODEL_ADDRESS_REFUSED", message),
      isTransient: false,
      reason: "address refused",
    };
  }
  if (chain.some((each) => each instanceof ResponseTooLargeError)) {
    return { failure: tooLong("more bytes than any answer has"), isTransient: false, reason: "response too large" };
  }
  const [failed] = chain;
  if (failed instanceof ModelError) return { failure: failed, isTransient: false, reason: failed.code };
  if (
    failed instanceof IncompleteStreamError ||
    InvalidResponseDataError.isInstance(failed) ||
    NoOutputGeneratedError.isInstance(failed)
  ) {
    return unavailable("The model's provider broke off before the answer was complete.", "cut off");
  }
  if (failed instanceof ProviderStreamError) {
    return unavailable("The model's provider told of an error in the middle of the answer.", "error in the answer");
  }
  const status = APICallError.isInstance(failed) ? failed.statusCode : undefined;
  if (APICallError.isInstance(failed) && status !== undefined && !isFine(status)) return ofStatus(failed, status);

  const code = chain.map(codeOf).find((each) => each !== undefined);
  if (code !== undefined || (APICallError.isInstance(failed) && status === undefined)) {
    return unavailable("The model's provider can't be reached, or the connection to it broke.", code ?? "network");
  }
  const failure = new ModelError("MODEL_FAILED", "The model's provider said what can't be understood.");
  return { failure, isTransient: false, reason: failed instanceof Error ? failed.name : typeof failed };
}

/** The answer ended without saying that it is complete. */
export class IncompleteStreamError extends Error {}

/** The provider told of an error in what should have been the answer. */
export class ProviderStreamError extends Error {}

export const tooLong = (what: string): ModelError =>
  new ModelError("MODEL_OUTPUT_TOO_LONG", `The answer was stopped, as it had ${what}.`);

function unavailable(message: string, reason: string): Diagnosis {
  return { failure: new ModelError("MODEL_UNAVAILABLE", message), isTransient: true, reason };
}

function ofStatus({ responseHeaders }: APICallError, status: number): Diagnosis {
  const code = status >= 500 ? "MODEL_UNAVAILABLE" : "MODEL_REJECTED";
  return {
    failure: new ModelError(code, `The model's provider answered with status ${status}.`),
    isTransient: status >= 500 || transient.has(status),
    retryAfter: retryAfterOf(responseHeaders),
    reason: `status ${status}`,
  };
}

const isFine = (status: number): boolean => status >= 200 && status < 300;

function retryAfterOf(headers: Record<string, string> | undefined): number | undefined {
  const milliseconds = Number(headers?.["retry-after-ms"]?.trim() || NaN);
  if (milliseconds >= 0) return milliseconds;
  const text = headers?.["retry-after"]?.trim() || undefined;
  if (text === undefined) return undefined;
  const wait = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** Of an error of the network, such as ECONNREFUSED or UND_ERR_SOCKET. */
function codeOf(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[A-Z][A-Z_0-9]+$/.test(code) ? code : undefined;
}
