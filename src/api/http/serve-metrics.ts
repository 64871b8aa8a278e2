import type { FastifyInstance } from "fastify";
import { ApiError } from "../../errors";
import type { Metrics } from "../../platform/metrics/metrics";
import { metricsPath } from "../../platform/metrics/metrics-server";

const readers: ReadonlySet<string> = new Set(["ADMIN", "AUDITOR"]);

/** Serves the metrics to administrators. Requests are authenticated by an earlier hook. */
export function serveMetricsToAdministrators(app: FastifyInstance, metrics: Metrics): void {
  app.get(metricsPath, async ({ caller }, reply) => {
    const isAllowed = caller.kind === "ADMIN" && caller.appIds === null && readers.has(caller.role);
    if (!isAllowed) throw new ApiError("FORBIDDEN", "The metrics require the role ADMIN or AUDITOR, for all apps.");
    const { contentType, text } = await metrics.text();
    return reply.type(contentType).send(text);
  });
}
