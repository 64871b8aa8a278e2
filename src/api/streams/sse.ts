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
 * Serves operations as server-sent events, one connection an operation, by the GraphQL over Server-Sent Events Protocol
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, "distinct connections mode"). Who calls has been
 * found out before.
 */
export function serveSse(app: FastifyInstance, path: string, streaming: StreamDependencies): void {
  const { runtime, liveConnections, timings } = streaming;

  app.route({
    method: ["GET", "POST"],
    url: path,
    async handler(request, reply) {
      if (request.headers.accept !== "text/event-stream") {
        const message = "This address answers with server-sent events. Send `accept: text/event-stream`.";
        return reply.code(406).send({ errors: [new ApiError("BAD_USER_INPUT", message)] });
      }
      const openStream = liveConnections.open(request.credential, request.caller);
      finished(reply.raw, () => liveConnections.remove(openStream));

      const { prepared, caller, errors } = await openStream.admit(operationOf(request), request);
      // What is refused as a whole is answered as everywhere else, and not with a stream.
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
        const result = await executeOperation(runtime, openStream, prepared, caller, request.id);
        await sendEvents(reply.raw, Symbol.asyncIterator in result ? result : only(result), openStream.closed, timings);
      } catch (error) {
        // Fastify leaves a reply that was taken from it to whoever took it.
        logErrors(runtime.log, request.id, [error]);
        if (reply.raw.headersSent) reply.raw.destroy();
        else reply.raw.writeHead(500, { "content-type": json }).end(JSON.stringify({ errors: [maskError(error)] }));
      }
    },
  });
}

async function* only(result: ExecutionResult): AsyncGenerator<ExecutionResult, undefined> {
  // Clients of `graphql-sse` know a result by its data, which one that failed before its first event has not.
  yield await Promise.resolve({ data: null, ...result });
}

function operationOf({ method, query, body }: FastifyRequest): OperationRequest {
  if (method === "POST") return body ?? {};
  const { variables, ...rest } = query as OperationRequest;
  return { ...rest, variables: typeof variables === "string" ? parsed(variables) : variables };
}

function parsed(variables: string): unknown {
  try {
    return JSON.parse(variables);
  } catch {
    throw badInput({ field: "variables", message: "must be JSON" });
  }
}
