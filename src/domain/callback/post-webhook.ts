import type { Fetch } from "../../platform/outbound/fetch";
import { OutboundRefusedError } from "../../platform/outbound/outbound";
import type { CallbackAttempt } from "./callback-delivery.entity";

const timedOut = new Error("The receiver has not answered in time");

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Posts a message, and says what came of it; never fails.
 *
 * @param abort to be aborted when the server stops
 */
export async function postWebhook(
  fetch: Fetch,
  { url, headers, body }: Message,
  abort: AbortController,
  timeoutMs: number,
): Promise<Pick<CallbackAttempt, "httpStatus" | "error">> {
  const { signal } = abort;
  const timer = setTimeout(() => abort.abort(timedOut), timeoutMs);
  try {
    const sent = { "content-type": "application/json", "user-agent": "Latchkey", ...headers };
    const response = await fetch(url, { method: "POST", headers: sent, body, signal });
    // What it says is of no interest, and may be without end.
    await response.body?.cancel().catch(() => undefined);
    return { httpStatus: response.status, error: response.ok ? null : "REJECTED" };
  } catch (error) {
    if (signal.aborted) return { httpStatus: null, error: signal.reason === timedOut ? "TIMEOUT" : "INTERRUPTED" };
    const isRefused = error instanceof Error && error.cause instanceof OutboundRefusedError;
    return { httpStatus: null, error: isRefused ? "ADDRESS_REFUSED" : "UNREACHABLE" };
  } finally {
    clearTimeout(timer);
  }
}
