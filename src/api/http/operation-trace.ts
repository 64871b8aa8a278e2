import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from "fastify";
import { startOperationSpan } from "../reports/operation-span";

/** Starts the span of a request that is to execute an operation. */
export function traceOperation(request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void {
  const { method, routeOptions, report, headers } = request;
  const { url = "" } = routeOptions;
  const isForOperations = url.endsWith("/graphql") || url.endsWith("/stream");
  if (isForOperations && (method === "GET" || method === "POST")) startOperationSpan(report, headers);
  done();
}
