import { finished } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type ExecutionResult, OperationTypeNode } from "graphql";
import { ApiError, badInput } from "../../errors";
import { logErrors, maskError } from "../graphql/masking";
import type { OperationRequest } from "../graphql/operations";
import { sendEvents } from "./event-stream";
import { executeOperation, type StreamDependencies } from "./execute-operation";

const json = "application/json; charset=utf-8";

/**
 * Serves operations as server-sent events, with one connection per operation, by the GraphQL over Server-Sent Events
 * Protocol (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, "distinct connections mode"). Requests are
 * authenticated by an earlier hook.
 */
export function serveSse(app: FastifyInstance, path: string, dependencies: StreamDependencies): void {
  const { runtime, liveConnections, timings } = dependencies;

  app.route({
    method: ["GET", "POST"],
    url: path,
    async handler(request, reply) {
      if (request.headers.accept !== "text/event-stream") {
        const message = "This URL responds with server-sent events. Send the header `accept: text/event-stream`.";
        return reply.code(406).send({ errors: [new ApiError("BAD_USER_INPUT", message)] });
      }
      const connection = liveConnections.open(request.credential, request.caller);
      finished(reply.raw, () => liveConnections.remove(connection));

      const { prepared, caller, errors } = await connection.admit(operationOf(request), request);
      // A denied operation gets a plain response instead of a stream.
      if (errors) {
        const isForbidden = errors.some(({ extensions }) => extensions["code"] === "FORBIDDEN");
        return reply.code(isForbidden ? 403 : 400).send({ errors });
      }
      if (request.method === "GET" && prepared.operation.operation === OperationTypeNode.MUTATION) {
        const error = new ApiError("BAD_USER_INPUT", "A mutation must be sent by POST.");
        return reply
          .code(405)
          .header("allow", "POST")
          .send({ errors: [error] });
      }
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value ?? "");
      try {
        const result = await executeOperation(runtime, connection, prepared, caller, request.id);
        await sendEvents(
          reply.raw,
          Symbol.asyncIterator in result ? result : single(result),
          connection.closed,
          timings,
        );
      } catch (error) {
        // Fastify does not handle errors of a hijacked reply.
        logErrors(runtime.log, request.id, [error]);
        if (reply.raw.headersSent) reply.raw.destroy();
        else reply.raw.writeHead(500, { "content-type": json }).end(JSON.stringify({ errors: [maskError(error)] }));
      }
    },
  });
}

async function* single(result: ExecutionResult): AsyncGenerator<ExecutionResult, undefined> {
  // Clients of `graphql-sse` recognize a result by its `data`, which a failed one lacks.
  yield await Promise.resolve({ data: null, ...result });
}

function operationOf({ method, query, body }: FastifyRequest): OperationRequest {
  if (method === "POST") return body ?? {};
  const { variables, ...rest } = query as OperationRequest;
  return { ...rest, variables: typeof variables === "string" ? parseVariables(variables) : variables };
}

function parseVariables(variables: string): unknown {
  try {
    return JSON.parse(variables);
  } catch {
    throw badInput({ field: "variables", message: "must be JSON" });
  }
}
