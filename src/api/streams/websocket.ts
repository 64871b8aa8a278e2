import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { Credential } from "../../domain/api-key/authenticator";
import type { Caller } from "../../auth/caller";
import { newId } from "../../platform/database/ids";
import { ApiError, unauthenticated } from "../../errors";
import { logErrors, maskError } from "../graphql/masking";
import { credentialOfHeaders, credentialOfPayload } from "../credential";
import { type Connected, attachGraphqlWs } from "./websocket-connection";
import type { LiveConnection } from "./live-connections";
import { executeOperation, type StreamDependencies } from "./execute-operation";

/** No honest client has more operations than this open on one connection. */
const maxOperations = 100;

/** Clients by the protocol connect again after this one, and not after those of its own. */
const tryAgainLater = 1013;

/** How long a client may take to say good-bye when the server stops, in milliseconds. */
const patience = 2_000;

interface Extra extends Connected {
  stream?: LiveConnection;
}

/** What goes through graphql-ws from where an operation is judged to where it is executed. */
interface AuthorizedArgs extends ExecutionArgs {
  readonly execute: () => ReturnType<typeof executeOperation>;
}

/**
 * Serves operations over WebSockets by the GraphQL over WebSocket Protocol
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). The credential comes with the upgrade or with
 * `connection_init`, and the database is asked about it again with each operation.
 *
 * @returns what closes all connections
 */
export function serveWebSocket(
  server: Server,
  path: string,
  streaming: StreamDependencies,
  maxPayload: number,
): () => void {
  const { runtime, authenticator, liveConnections } = streaming;
  const sockets = new WebSocketServer({ noServer: true, maxPayload, handleProtocols });

  const graphql = makeServer<Record<string, unknown>, Extra>({
    async onConnect({ connectionParams, extra }) {
      const { socket, request } = extra;
      try {
        const credential = oneOf(credentialOfHeaders(request), credentialOfPayload(connectionParams));
        const caller = await authenticator.authenticate(credential);
        // Who has gone meanwhile would never be removed from the open streams.
        if (socket.readyState !== socket.OPEN) return false;
        extra.stream = openStream(socket, credential, caller);
        return true;
      } catch (error) {
        logErrors(runtime.log, newId(), [error]);
        if (isUnauthenticated(error)) socket.close(CloseCode.Unauthorized, "Unauthorized");
        else socket.close(tryAgainLater, "Try again later");
        return false;
      }
    },

    onClose({ extra: { stream } }) {
      if (!stream) return;
      stream.close();
      liveConnections.remove(stream);
    },

    async onSubscribe({ extra: { stream, socket }, subscriptions }, _id, payload) {
      if (!stream) throw new Error("An operation came before its connection was accepted");
      if (Object.keys(subscriptions).length > maxOperations) {
        return [new ApiError("LIMIT_REACHED", `At most ${maxOperations} operations may be open on a connection.`)];
      }
      try {
        const { errors, prepared, caller } = await stream.admit(payload);
        if (errors) return errors;
        return {
          ...prepared.args,
          execute: () => executeOperation(runtime, stream, prepared, caller, newId()),
        } as AuthorizedArgs;
      } catch (error) {
        logErrors(runtime.log, newId(), [error]);
        if (isUnauthenticated(error)) socket.close(CloseCode.Forbidden, "Forbidden");
        return [maskError(error)];
      }
    },

    execute: (args: ExecutionArgs) => (args as AuthorizedArgs).execute(),
    subscribe: (args: ExecutionArgs) => (args as AuthorizedArgs).execute(),
  });

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (request.url?.split("?")[0] !== path) {
      refuse(socket, "404 Not Found");
      return;
    }

    admit(request).then(
      () =>
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          attachGraphqlWs(graphql, { socket: webSocket, request }, runtime.log);
        }),
      (error: unknown) => {
        logErrors(runtime.log, newId(), [error]);
        refuse(socket, isUnauthenticated(error) ? "401 Unauthorized" : "503 Service Unavailable");
      },
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

  function openStream(socket: WebSocket, credential: Credential, caller: Caller): LiveConnection {
    const stream = liveConnections.open(credential, caller);
    stream.closed.addEventListener("abort", () => {
      if (stream.closeReason === undefined) socket.close(1001, "Going away");
      else if (isUnauthenticated(stream.closeReason)) socket.close(CloseCode.Forbidden, "Forbidden");
      else socket.close(tryAgainLater, "Try again later");
    });
    return stream;
  }
}

function oneOf(ofHeaders: Credential | undefined, ofPayload: Credential | undefined): Credential {
  if (ofHeaders && ofPayload) throw unauthenticated();
  const credential = ofHeaders ?? ofPayload;
  if (!credential) throw unauthenticated();
  return credential;
}

const isUnauthenticated = (error: unknown): boolean => error instanceof ApiError && error.code === "UNAUTHENTICATED";

function refuse(socket: Duplex, status: string): void {
  // The HTTP server has let go of the socket, so that nobody else would end it for a client that doesn't.
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
