import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** The headers of responses that scripts of other origins may read. */
const exposedHeaders = [
  "content-disposition",
  "ratelimit",
  "ratelimit-limit",
  "ratelimit-policy",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "www-authenticate",
  "x-request-id",
];

/** Browsers reuse the answer to a preflight request for two hours at most. */
const maxAge = 7_200;

/**
 * Lets pages of these origins use the API, by answers to preflight requests, which carry no credential. Any other page
 * gets no such answer, so that its browser refuses. Credentials are headers that a page must know: no browser adds them.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  void app.register(cors, {
    origin: [...origins],
    methods: ["GET", "HEAD", "POST", "PUT", "DELETE"],
    exposedHeaders,
    maxAge,
    // A request without an origin is no preflight request, but needs no error of its own.
    strictPreflight: false,
  });
}
