// Sends the spans of Latchkey to a collector of OpenTelemetry. Node.js loads this file before the server.
import { env } from "node:process";
import { isMainThread } from "node:worker_threads";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

// Threads of the server load this file too, and have no spans.
if (isMainThread) {
  new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": env.OTEL_SERVICE_NAME ?? "latchkey" }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  }).register();
}
