import type { FastifyInstance } from "fastify";
import { type GraphQLError, OperationTypeNode } from "graphql";
import { createHandler } from "graphql-sse/lib/use/fastify";
import { ApiError } from "../errors";
import type { Caller } from "../auth/caller";
import type { Credential } from "../api-key/authenticator";
import { logFaults, masked } from "../masking";
import { OpenStream } from "./open-streams";
import { perform, type Streaming } from "./streaming";

const json = "application/json; charset=utf-8";

type Answer = [body: string, init: { status: number; statusText: string; headers: Record<string, string> }];

/**
 * Serves operations as server-sent events, one connection an operation, by the GraphQL over Server-Sent Events Protocol
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md, "distinct connections mode"). Who calls has been
 * found out before.
 */
export function serveSse(app: FastifyInstance, path: string, streaming: Streaming): void {
  const { runtime, operations, authenticator, openStreams } = streaming;

  const handler = createHandler({
    // Null switches off the mode in which one connection serves many operations under a token of its own.
    authenticate: () => null,

    async onSubscribe({ method, raw: request, context: { reply } }, payload) {
      const { caller, credential } = request as unknown as { caller: Caller; credential: Credential };
      const preparation = operations.prepare(payload, caller);
      if (preparation.errors) return refusal(preparation.errors);
      const { prepared } = preparation;
      if (method === "GET" && prepared.operation.operation === OperationTypeNode.MUTATION) return mutationByGet;

      const stream = new OpenStream(credential, caller, authenticator, operations);
      openStreams.add(stream);
      reply.raw.once("close", () => openStreams.remove(stream));
      const result = await perform(runtime, stream, prepared, caller, request.id);
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
      reply.hijack();
      try {
        await handler(request, reply);
      } catch (error) {
        // Fastify leaves a reply that was taken from it to whoever took it.
        logFaults(runtime.log, request.id, [error]);
        if (reply.raw.headersSent) reply.raw.destroy();
        else reply.raw.writeHead(500, { "content-type": json }).end(JSON.stringify({ errors: [masked(error)] }));
      }
    },
  });
}

/** What is refused as a whole is answered as everywhere else, and not with a stream. */
function refusal(errors: readonly GraphQLError[]): Answer {
  const isForbidden = errors.some(({ extensions }) => extensions["code"] === "FORBIDDEN");
  return isForbidden ? answer(403, "Forbidden", errors) : answer(400, "Bad Request", errors);
}

const mutationByGet = answer(
  405,
  "Method Not Allowed",
  [new ApiError("BAD_USER_INPUT", "A mutation must be sent by POST.")],
  { allow: "POST" },
);

function answer(
  status: number,
  statusText: string,
  errors: readonly GraphQLError[],
  headers: Record<string, string> = {},
): Answer {
  return [JSON.stringify({ errors }), { status, statusText, headers: { "content-type": json, ...headers } }];
}
