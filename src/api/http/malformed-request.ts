import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { ApiError } from "../../errors";

const statuses: Readonly<Record<string, readonly [status: number, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive completely in time. Send it again."],
  HPE_HEADER_OVERFLOW: [431, "The headers of this request are too large. Send less."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, "The chunk extensions of this request are too large. Send none."],
};
const invalid = [400, "This is not a valid HTTP request."] as const;

/** Answers what is no HTTP request, and closes the connection: where another request would begin is unknown. */
export function answerMalformedRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable || hasAnswered(socket)) {
    socket.destroy();
    return;
  }
  const [status, message] = statuses[error.code ?? ""] ?? invalid;
  const body = JSON.stringify({ errors: [new ApiError("BAD_USER_INPUT", message)] });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

/** Whether a response has begun, which a second one would corrupt. Node keeps it at the socket, undocumented. */
function hasAnswered(socket: Socket): boolean {
  const { _httpMessage: response } = socket as Socket & {
    _httpMessage?: { headersSent: boolean; req: IncomingMessage };
  };
  return response?.headersSent === true;
}
