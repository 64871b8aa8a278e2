import type { FastifyReply, FastifyRequest } from "fastify";
import { OperationReport, type Transport } from "../../domain/usage/operation-report";
import { downloadPath } from "../../domain/document/document-links";
import { metricsPath } from "../../platform/metrics/metrics-server";
import type { Reports } from "../reports/reports";

declare module "fastify" {
  interface FastifyRequest {
    report: OperationReport;
  }
}

/** The paths that monitoring requests again and again. */
const ofMonitoring: ReadonlySet<string> = new Set(["/healthz", "/readyz", metricsPath]);

/** Creates the hook that reports a request once its response has been sent, or its client has gone. */
export function reportRequest(reports: Reports) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { url = "" } = request.routeOptions;
    const report = new OperationReport(request.id, transportOf(url));
    request.report = report;
    reply.raw.once("close", () => {
      if (!report.verdict) judge(report, reply.statusCode);
      if (!(report.verdict === "ALLOWED" && ofMonitoring.has(url))) reports.finish(report);
    });
  };
}

function transportOf(url: string): Transport {
  if (url.endsWith("/stream")) return "sse";
  return url.startsWith(downloadPath) ? "download" : "http";
}

/** For a response that was made without a look at the operation, such as that to a body that is no GraphQL request. */
function judge(report: OperationReport, status: number): void {
  if (status < 400) report.allow();
  else report.refuse([{ extensions: { code: status >= 500 ? "INTERNAL_SERVER_ERROR" : "BAD_REQUEST" } }]);
}
