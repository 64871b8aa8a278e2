import type { OperationReport } from "../../domain/usage/operation-report";
import { statusOf } from "../../errors";
import { Counter, Histogram, type Metric } from "../../platform/metrics/metric";

/** In seconds. */
const durations = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every other code counts as OTHER. */
const codes: ReadonlySet<string> = new Set([
  ...Object.keys(statusOf),
  ...["GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "OPERATION_RESOLUTION_FAILURE", "BAD_REQUEST"],
]);

/** Measures requests and the operations of streams. */
export class RequestMetrics {
  private readonly requests = new Counter("latchkey_requests_total", "Requests and operations of streams.", [
    "transport",
    "operation",
    "verdict",
  ]);
  private readonly errors = new Counter(
    "latchkey_request_errors_total",
    "Requests that were refused or had errors, by the code of the first one.",
    ["code"],
  );
  private readonly duration = new Histogram(
    "latchkey_request_duration_seconds",
    "The duration of requests, without subscriptions and downloads.",
    durations,
    ["operation", "verdict"],
  );
  private readonly statements = new Counter("latchkey_statements_total", "SQL statements that were sent for requests.");

  get metrics(): readonly Metric[] {
    return [this.requests, this.errors, this.duration, this.statements];
  }

  count({ transport, operation, verdict = "FAILED", code, durationMs, statements }: OperationReport): void {
    const kind: string = operation?.operation.operation ?? "none";
    this.requests.add([transport, kind, verdict]);
    if (code !== undefined) this.errors.add([codes.has(code) ? code : "OTHER"]);
    if (kind !== "subscription" && transport !== "download") this.duration.add([kind, verdict], durationMs / 1_000);
    if (statements > 0) this.statements.add([], statements);
  }
}
