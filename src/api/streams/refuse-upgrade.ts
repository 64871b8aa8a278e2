import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { GraphQLError } from "graphql";
import { type ErrorCode, retryAfterOf, statusOf } from "../../errors";
import { errorTypeOf } from "../graphql/media-type";
import { commonHeaders } from "../common-headers";

/** Answers the request for a WebSocket like any other that is refused, and closes the connection. */
export function refuseUpgrade(socket: Duplex, request: IncomingMessage, requestId: string, error: GraphQLError): void {
  const status = statusOf[error.extensions["code"] as ErrorCode];
  const body = JSON.stringify({ errors: [error] });
  const retryAfterSeconds = retryAfterOf([error]);
  const headers = {
    ...commonHeaders(requestId),
    "content-type": errorTypeOf(request.headers.accept),
    "content-length": Buffer.byteLength(body),
    ...(status === 401 && { "www-authenticate": 'Bearer realm="Latchkey"' }),
    ...(retryAfterSeconds !== undefined && { "retry-after": retryAfterSeconds }),
    connection: "close",
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // The HTTP server has detached the socket, so nothing else destroys it if the client never closes its end.
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head.join("")}\r\n${body}`);
}
