import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { TokenUsage } from "../../../model/model";
import { SpanKind, WorkSpan } from "../../../platform/tracing/work-span";
import type { ExecutedRun } from "./executed-run";
import type { ExecutionResult } from "./run-outcome";

/** Starts the span of an execution, by the semantic conventions of OpenTelemetry for agents. */
export function startRunSpan({ run, begun }: ExecutedRun): WorkSpan {
  // A queued run is claimed when a timer fires or another run ends, which it is no part of.
  const parent = begun ? context.active() : ROOT_CONTEXT;
  const span = WorkSpan.start("invoke_agent", { kind: SpanKind.INTERNAL, parent });
  span.describe(() => ({
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.id": run.agentId,
    "gen_ai.conversation.id": run.sessionId,
    "latchkey.run.id": run.id,
    "latchkey.app.id": run.appId,
    "latchkey.caller.id": run.apiKeyId ?? undefined,
  }));
  return span;
}

/** @param result that is to be stored. ABORTED: the run was cancelled, or another instance has taken it over */
export function describeResult(
  span: WorkSpan,
  result: ExecutionResult | "ABORTED",
  usage: TokenUsage | undefined,
): void {
  const status = result === "ABORTED" ? result : "isInterrupted" in result ? "INTERRUPTED" : result.status;
  span.describe(() => ({
    "latchkey.run.status": status,
    "gen_ai.usage.input_tokens": usage?.inputTokens,
    "gen_ai.usage.output_tokens": usage?.outputTokens,
  }));
  if (status === "INTERRUPTED") span.fail(status);
  else if (result !== "ABORTED" && "error" in result) span.fail(result.error.code);
}
