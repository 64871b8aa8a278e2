import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs } from "graphql";
import { CloseCode } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { Credential } from "../api-key/authenticator";
import type { Caller } from "../auth/caller";
import { newId } from "../database/ids";
import { ApiError, unauthenticated } from "../errors";
import { credentialOfHeaders, credentialOfPayload } from "./credential";
import { OpenStream } from "./open-streams";
import { perform, type Streaming } from "./streaming";

/** No honest client has more operations than this open on one connection. */
const maxOperations = 100;

/** How long a client may take to say good-bye when the server stops, in milliseconds. */
const patience = 2_000;

interface Extra extends Record<PropertyKey, unknown> {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  stream?: OpenStream;
}

/** What goes through graphql-ws from where an operation is judged to where it is executed. */
interface JudgedArgs extends ExecutionArgs {
  readonly perform: () => ReturnType<typeof perform>;
}

/**
 * Serves operations over WebSockets by the GraphQL over WebSocket Protocol
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). The credential comes with the upgrade or with
 * `connection_init`, and the database is asked about it again with each operation.
 *
 * @returns what closes all connections
 */
export function serveWebSocket(server: Server, path: string, streaming: Streaming, maxPayload: number): () => void {
  const { runtime, operations, authenticator, openStreams } = streaming;
  const sockets = new WebSocketServer({ noServer: true, maxPayload });

  useServer<Record<string, unknown>, Extra>(
    {
      isProd: true,

      async onConnect({ connectionParams, extra }) {
        const { socket, request } = extra;
        try {
          const credential = oneOf(credentialOfHeaders(request), credentialOfPayload(connectionParams));
          const caller = await authenticator.authenticate(credential);
          extra.stream = openStream(socket, credential, caller);
          return true;
        } catch (error) {
          if (error instanceof ApiError) socket.close(CloseCode.Unauthorized, "Unauthorized");
          else socket.close(CloseCode.InternalServerError, "Unavailable");
          return false;
        }
      },

      onClose({ extra: { stream } }) {
        if (!stream) return;
        stream.close();
        openStreams.remove(stream);
      },

      async onSubscribe({ extra: { stream, socket }, subscriptions }, _id, payload) {
        if (!stream) throw new Error("An operation came before its connection was accepted");
        if (Object.keys(subscriptions).length > maxOperations) {
          return [new ApiError("LIMIT_REACHED", `At most ${maxOperations} operations may be open on a connection.`)];
        }
        const caller = await authenticator.authenticate(stream.credential).catch(() => undefined);
        if (!caller) {
          socket.close(CloseCode.Forbidden, "Forbidden");
          return [unauthenticated()];
        }
        const { errors, prepared } = operations.prepare(payload, caller);
        if (errors) return errors;
        return { ...prepared.args, perform: () => perform(runtime, stream, prepared, caller, newId()) } as JudgedArgs;
      },

      execute: (args: ExecutionArgs) => (args as JudgedArgs).perform(),
      subscribe: (args: ExecutionArgs) => (args as JudgedArgs).perform(),
    },
    sockets,
  );

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (request.url?.split("?")[0] !== path) {
      refuse(socket, "404 Not Found");
      return;
    }

    admit(request).then(
      () =>
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          // graphql-ws listens for the first error only, and another one would end the process.
          webSocket.on("error", () => undefined);
          sockets.emit("connection", webSocket, request);
        }),
      (error: unknown) => refuse(socket, error instanceof ApiError ? "401 Unauthorized" : "503 Service Unavailable"),
    );
  });

  return () => {
    for (const client of sockets.clients) client.close(1001, "Going away");
    setTimeout(() => {
      for (const client of sockets.clients) client.terminate();
    }, patience).unref();
  };

  /** Without a credential in the upgrade, `connection_init` must bring it. */
  async function admit(request: IncomingMessage): Promise<void> {
    const credential = credentialOfHeaders(request);
    if (credential) await authenticator.authenticate(credential);
  }

  function openStream(socket: WebSocket, credential: Credential, caller: Caller): OpenStream {
    const stream = new OpenStream(credential, caller, authenticator, operations);
    stream.over.addEventListener("abort", () => {
      if (stream.isRevoked) socket.close(CloseCode.Forbidden, "Forbidden");
      else socket.close(1001, "Going away");
    });
    openStreams.add(stream);
    return stream;
  }
}

function oneOf(ofHeaders: Credential | undefined, ofPayload: Credential | undefined): Credential {
  if (ofHeaders && ofPayload) throw unauthenticated();
  const credential = ofHeaders ?? ofPayload;
  if (!credential) throw unauthenticated();
  return credential;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
