import type { FastifyReply, FastifyRequest } from "fastify";
import type { RequestConnection } from "../streams/live-connection";
import type { LiveConnections } from "../streams/live-connections";
import { whenClosed } from "../when-closed";

declare module "fastify" {
  interface FastifyRequest {
    /** Set once an operation of the request can execute. */
    liveConnection?: RequestConnection;
  }
}

/** The connection of a request, which is registered until the response has been sent. */
export function connectionOf(
  request: FastifyRequest,
  reply: FastifyReply,
  connections: LiveConnections,
): RequestConnection {
  if (!request.liveConnection) {
    const connection = connections.openRequest(request.credential, request);
    whenClosed(reply.raw, () => connections.remove(connection));
    request.liveConnection = connection;
  }
  return request.liveConnection;
}
