import type { Post } from "../../platform/outbound/guarded-post";
import { OutboundRefusedError } from "../../platform/outbound/outbound";
import { causesOf } from "../../platform/process/error-causes";
import type { CallbackAttempt } from "./delivery.entity";

const timedOut = new Error("The receiver did not respond in time");

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Posts a webhook. Never throws. @param abort the caller aborts it when the server stops; the timeout aborts it too */
export async function postWebhook(
  post: Post,
  { url, headers, body }: WebhookRequest,
  abort: AbortController,
  timeoutMs: number,
): Promise<Pick<CallbackAttempt, "httpStatus" | "error">> {
  const { signal } = abort;
  const timer = setTimeout(() => abort.abort(timedOut), timeoutMs);
  try {
    const allHeaders = { "content-type": "application/json", "user-agent": "Latchkey", ...headers };
    const response = await post(url, { method: "POST", headers: allHeaders, body, signal });
    return { httpStatus: response.status, error: response.ok ? null : "REJECTED" };
  } catch (error) {
    if (signal.aborted) return { httpStatus: null, error: signal.reason === timedOut ? "TIMEOUT" : "INTERRUPTED" };
    return { httpStatus: null, error: isHostRefused(error) ? "ADDRESS_REFUSED" : "UNREACHABLE" };
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the host is private or does not resolve: the same for both, so that it does not show which names exist. */
const isHostRefused = (error: unknown): boolean =>
  causesOf(error).some(
    (each) => each instanceof OutboundRefusedError || (each as { syscall?: unknown }).syscall === "getaddrinfo",
  );
