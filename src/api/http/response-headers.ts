import type { FastifyReply, FastifyRequest } from "fastify";
import { commonHeaders } from "../common-headers";

/** Adds the headers of every response. A route may replace them. */
export function addResponseHeaders({ id, protocol }: FastifyRequest, reply: FastifyReply): void {
  void reply.headers({
    ...commonHeaders(id),
    // Browsers ignore it over HTTP. Behind a proxy that ends TLS, the protocol is what the proxy says.
    ...(protocol === "https" && { "strict-transport-security": "max-age=31536000" }),
  });
}
