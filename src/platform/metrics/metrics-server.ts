import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { asStartupError } from "../process/startup-error";
import type { Metrics } from "./metrics";

/** The address at which metrics are served without a credential. */
export interface MetricsConfig {
  readonly host: string;
  readonly port: number;
}

export const metricsPath = "/metrics";

/**
 * Serves metrics at an address of their own, if there is one.
 *
 * @returns a function that closes the server
 * @throws StartupError if the address can't be used
 */
export async function openMetricsServer(metrics: Metrics, config: MetricsConfig | undefined): Promise<() => void> {
  if (!config) return () => undefined;
  const server = createServer({ requestTimeout: 5_000, connectionsCheckingInterval: 1_000 }, (request, response) => {
    answer(metrics, request, response).catch(() => response.destroy());
  });
  server.maxConnections = 50;
  await listen(server, config).catch(asStartupError("Can't serve metrics at the address (METRICS_HOST, METRICS_PORT)"));
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

async function listen(server: Server, { host, port }: MetricsConfig): Promise<void> {
  const { address } = await lookup(host);
  server.listen(port, address);
  await once(server, "listening");
}

async function answer(metrics: Metrics, { method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
  if (url !== metricsPath || method !== "GET") {
    response.writeHead(404, { "content-type": "text/plain" }).end(`The metrics are at ${metricsPath}.\n`);
    return;
  }
  const { contentType, text } = await metrics.text();
  response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" }).end(text);
}
