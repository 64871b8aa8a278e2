import { finished } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { OperationTypeNode } from "graphql";
import { createHandler } from "graphql-sse/lib/use/fastify";
import { ApiError, badInput } from "../errors";
import { logFaults, masked } from "../masking";
import type { OperationRequest } from "../operation/operations";
import { perform, type Streaming } from "./streaming";

const json = "application/json; charset=utf-8";

/**
 * Serves operations as server-sent events, one connection an operation, by the GraphQL over Server-Sent Events Protocol
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, "distinct connections mode"). Who calls has been
 * found out before.
 */
export function serveSse(app: FastifyInstance, path: string, streaming: Streaming): void {
  const { runtime, openStreams } = streaming;
  const admitted = new WeakMap<object, () => ReturnType<typeof perform>>();

  const stream = createHandler({
    // Null switches off the mode in which one connection serves many operations under a token of its own.
    authenticate: () => null,

    async onSubscribe({ raw }) {
      const result = await admitted.get(raw)?.();
      if (!result) throw new Error("A stream is served that was not admitted");
      // graphql-sse knows a result by its data, which one that failed before its first event has not.
      return Symbol.asyncIterator in result ? result : { data: null, ...result };
    },
  });

  app.route({
    method: ["GET", "POST"],
    url: path,
    async handler(request, reply) {
      if (request.headers.accept !== "text/event-stream") {
        const message = "This address answers with server-sent events. Send `accept: text/event-stream`.";
        return reply.code(406).send({ errors: [new ApiError("BAD_USER_INPUT", message)] });
      }
      const openStream = openStreams.open(request.credential, request.caller);
      finished(reply.raw, () => openStreams.remove(openStream));

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
      admitted.set(request, () => perform(runtime, openStream, prepared, caller, request.id));
      reply.hijack();
      try {
        await stream(request, reply);
      } catch (error) {
        // Fastify leaves a reply that was taken from it to whoever took it.
        logFaults(runtime.log, request.id, [error]);
        if (reply.raw.headersSent) reply.raw.destroy();
        else reply.raw.writeHead(500, { "content-type": json }).end(JSON.stringify({ errors: [masked(error)] }));
      }
    },
  });
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
