import { setTimeout as delay } from "node:timers/promises";
import { trace } from "@opentelemetry/api";

const maxFlushMs = 1_000;

interface Flushable {
  readonly forceFlush?: () => Promise<unknown>;
}

/**
 * Has the SDK of OpenTelemetry that an operator has registered, if there is one, send the spans that it still holds. To be
 * called before the exit, which it cannot wait for itself.
 */
export async function flushSpans(): Promise<void> {
  // The API stands before the SDK, perhaps by another copy of its package, and has no word for this itself.
  const provider = trace.getTracerProvider() as Flushable & { readonly getDelegate?: () => Flushable };
  const flushed = (provider.getDelegate?.() ?? provider).forceFlush?.();
  if (flushed) await Promise.race([flushed.catch(() => undefined), delay(maxFlushMs)]);
}
