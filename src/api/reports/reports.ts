import type { OperationDescriptions } from "../../domain/usage/operation-description";
import type { AuditRefusals } from "../../domain/audit/audit-refusals";
import type { OperationReport } from "../../domain/usage/operation-report";
import type { UsageCollector } from "../../domain/usage/usage-collector";
import { endOperationSpan } from "./operation-span";
import type { RequestLog } from "./request-log";
import type { RequestMetrics } from "./request-metrics";

/** Hands the report of each finished request to all that want to know of it. */
export class Reports {
  constructor(
    private readonly requestLog: RequestLog,
    private readonly requestMetrics: RequestMetrics,
    private readonly usage: UsageCollector,
    private readonly descriptions: OperationDescriptions,
    private readonly refusals: AuditRefusals,
  ) {}

  /** Of a request that was refused before anything of it was looked at, as the process is overloaded. */
  refuseOverload(requestId: string): void {
    this.requestLog.countOverload(requestId);
  }

  finish(report: OperationReport): void {
    const { operation } = report;
    this.requestLog.write(report);
    this.requestMetrics.count(report);
    endOperationSpan(report);
    if (report.caller?.kind === "API_KEY") {
      this.usage.countRequest(report, operation && this.descriptions.of(operation));
    }
    const { verdict, caller, required } = report;
    if (verdict === "FORBIDDEN" && caller?.kind === "API_KEY" && !caller.console)
      this.refusals.record("REFUSE_OPERATION", caller, report, required);
  }
}
