import type { Fetch } from "../../platform/outbound/fetch";
import { OutboundRefusedError } from "../../platform/outbound/outbound";
import type { CallbackAttempt } from "./callback-delivery.entity";

const timedOut = new Error("The receiver did not respond in time");

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Posts a webhook. Never throws. @param abort the caller aborts it when the server stops; the timeout aborts it too */
export async function postWebhook(
  fetch: Fetch,
  { url, headers, body }: WebhookRequest,
  abort: AbortController,
  timeoutMs: number,
): Promise<Pick<CallbackAttempt, "httpStatus" | "error">> {
  const { signal } = abort;
  const timer = setTimeout(() => abort.abort(timedOut), timeoutMs);
  try {
    const allHeaders = { "content-type": "application/json", "user-agent": "Latchkey", ...headers };
    const response = await fetch(url, { method: "POST", headers: allHeaders, body, signal });
    // The body is not needed and may be endless.
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
