import { context, propagation, trace } from "@opentelemetry/api";
import type { IncomingHttpHeaders } from "node:http";
import { type OperationReport, safeNameOf } from "../../domain/usage/operation-report";
import { statusOf } from "../../errors";
import { SpanKind, WorkSpan } from "../../platform/tracing/work-span";

/**
 * Starts the span of a GraphQL operation, by the semantic conventions of OpenTelemetry. To be called once the caller is
 * known: a client without a valid credential must not fill an operator's store of traces.
 *
 * @param headers of the request, or of the upgrade of its connection
 */
export function startOperationSpan(report: OperationReport, headers: IncomingHttpHeaders): void {
  const active = context.active();
  // An operator's instrumentation of HTTP has continued the trace of the client already.
  const parent = trace.getSpan(active) ? active : propagation.extract(active, headers);
  report.span = WorkSpan.start("GraphQL Operation", { kind: SpanKind.SERVER, parent, startedAt: report.startedAt });
}

/** Neither the document nor variables become part of the span. Refusals are no errors of the server. */
export function endOperationSpan(report: OperationReport): void {
  const { span, operation, caller, code } = report;
  // Not with the name of the operation, since callers choose it: there may be any number of them.
  if (operation) span.rename(operation.operation.operation);
  span.describe(() => ({
    "graphql.operation.type": operation?.operation.operation,
    "graphql.operation.name": operation && safeNameOf(operation.operation),
    "latchkey.request.id": report.requestId,
    "latchkey.transport": report.transport,
    "latchkey.caller.kind": caller?.kind,
    "latchkey.caller.id": report.callerId,
    "latchkey.app.id": caller?.kind === "API_KEY" ? caller.appId : undefined,
    "latchkey.verdict": report.verdict,
    "latchkey.error.code": code,
    "latchkey.statements": report.statements,
  }));
  if (code !== undefined && isFault(code)) span.fail(code);
  span.end();
}

const isFault = (code: string): boolean =>
  Object.hasOwn(statusOf, code) && statusOf[code as keyof typeof statusOf] >= 500;
