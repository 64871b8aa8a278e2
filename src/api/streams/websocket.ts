import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs, GraphQLError } from "graphql";
import { CloseCode, handleProtocols, makeServer, type Server } from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { Credential } from "../../domain/api-key/authenticator";
import type { Caller } from "../../auth/caller";
import { newId } from "../../platform/database/ids";
import { ApiError, unauthenticated } from "../../errors";
import { logErrors, maskError } from "../graphql/masking";
import type { OperationRequest } from "../graphql/operations";
import { credentialOfHeaders, credentialOfPayload } from "../credential";
import { attachGraphqlWs, type UpgradedConnection } from "./websocket-connection";
import type { LiveConnection } from "./live-connections";
import { executeOperation, type StreamDependencies } from "./execute-operation";

/** Per connection; no honest client has more operations open. */
const maxOperations = 100;

/** How long clients may take to answer the closing handshake when the server stops. */
const closeTimeoutMs = 2_000;

/** Close codes of RFC 6455. Clients of the protocol reconnect after these, and not after the codes of graphql-ws. */
const StandardCloseCode = { GoingAway: 1001, TryAgainLater: 1013 } as const;

interface AcceptedConnection extends UpgradedConnection {
  /** Set once the credential of the connection is valid. */
  live?: LiveConnection;
}

type ProtocolServer = Server<AcceptedConnection>;

/** Carries an admitted operation through graphql-ws from `onSubscribe` to `execute`. */
interface AdmittedArgs extends ExecutionArgs {
  readonly execute: () => ReturnType<typeof executeOperation>;
}

/**
 * Serves operations over WebSockets by the GraphQL over WebSocket Protocol
 * (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). The credential comes with the upgrade or with
 * `connection_init`, and the database is asked about it again for each operation.
 *
 * @returns a function that closes all connections
 */
export function serveWebSocket(
  server: HttpServer,
  path: string,
  dependencies: StreamDependencies,
  maxPayloadBytes: number,
): () => void {
  const {
    runtime: { log },
    timings,
  } = dependencies;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxPayloadBytes, handleProtocols });
  const protocol = createProtocolServer(dependencies);

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (request.url?.split("?")[0] !== path) {
      refuseUpgrade(socket, "404 Not Found");
      return;
    }
    const accept = () =>
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        attachGraphqlWs(protocol, { socket: webSocket, request }, timings, log);
      });
    authenticateUpgrade(dependencies, request).then(accept, (error: unknown) => {
      logErrors(log, newId(), [error]);
      refuseUpgrade(socket, isUnauthenticated(error) ? "401 Unauthorized" : "503 Service Unavailable");
    });
  });
  return () => closeAll(sockets);
}

/** An upgrade without a credential passes: `connection_init` must bring one then. */
async function authenticateUpgrade({ authenticator }: StreamDependencies, request: IncomingMessage): Promise<void> {
  const credential = credentialOfHeaders(request);
  if (credential) await authenticator.authenticate(credential);
}

function refuseUpgrade(socket: Duplex, status: string): void {
  // The HTTP server has detached the socket, so nothing else destroys it if the client never closes its end.
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function createProtocolServer(dependencies: StreamDependencies): ProtocolServer {
  const execute = (args: ExecutionArgs) => (args as AdmittedArgs).execute();
  return makeServer<Record<string, unknown>, AcceptedConnection>({
    onConnect: ({ connectionParams, extra }) => acceptConnection(dependencies, extra, connectionParams),
    onClose: ({ extra: { live } }) => {
      live?.close();
      if (live) dependencies.liveConnections.remove(live);
    },
    onSubscribe: ({ extra, subscriptions }, _id, payload) =>
      admitOperation(dependencies, extra, payload, Object.keys(subscriptions).length),
    execute,
    subscribe: execute,
  });
}

/** @returns false if the connection is refused; it is closed then */
async function acceptConnection(
  dependencies: StreamDependencies,
  connection: AcceptedConnection,
  payload: Readonly<Record<string, unknown>> | undefined,
): Promise<boolean> {
  const { socket, request } = connection;
  try {
    const credential = onlyOneOf(credentialOfHeaders(request), credentialOfPayload(payload));
    const caller = await dependencies.authenticator.authenticate(credential);
    // A client that has disconnected by now would never be removed from the live connections.
    if (socket.readyState !== socket.OPEN) return false;
    connection.live = openLiveConnection(dependencies, socket, credential, caller);
    return true;
  } catch (error) {
    logErrors(dependencies.runtime.log, newId(), [error]);
    if (isUnauthenticated(error)) socket.close(CloseCode.Unauthorized, "Unauthorized");
    else socket.close(StandardCloseCode.TryAgainLater, "Try again later");
    return false;
  }
}

function openLiveConnection(
  { liveConnections }: StreamDependencies,
  socket: WebSocket,
  credential: Credential,
  caller: Caller,
): LiveConnection {
  const live = liveConnections.open(credential, caller);
  live.closed.addEventListener("abort", () => {
    if (live.closeReason === undefined) socket.close(StandardCloseCode.GoingAway, "Going away");
    else if (isUnauthenticated(live.closeReason)) socket.close(CloseCode.Forbidden, "Forbidden");
    else socket.close(StandardCloseCode.TryAgainLater, "Try again later");
  });
  return live;
}

/** @returns the arguments of an execution, or the errors of an operation that is refused */
async function admitOperation(
  { runtime }: StreamDependencies,
  { live, socket }: AcceptedConnection,
  request: OperationRequest,
  openOperations: number,
): Promise<AdmittedArgs | readonly GraphQLError[]> {
  if (!live) throw new Error("An operation came before its connection was accepted");
  if (openOperations > maxOperations) {
    return [new ApiError("LIMIT_REACHED", `At most ${maxOperations} operations may be open on a connection.`)];
  }
  try {
    const { errors, prepared, caller } = await live.admit(request);
    if (errors) return errors;
    return { ...prepared.args, execute: () => executeOperation(runtime, live, prepared, caller, newId()) };
  } catch (error) {
    logErrors(runtime.log, newId(), [error]);
    if (isUnauthenticated(error)) socket.close(CloseCode.Forbidden, "Forbidden");
    return [maskError(error)];
  }
}

function closeAll(sockets: WebSocketServer): void {
  for (const client of sockets.clients) client.close(StandardCloseCode.GoingAway, "Going away");
  setTimeout(() => {
    for (const client of sockets.clients) client.terminate();
  }, closeTimeoutMs).unref();
}

function onlyOneOf(ofHeaders: Credential | undefined, ofPayload: Credential | undefined): Credential {
  if (ofHeaders && ofPayload) throw unauthenticated();
  const credential = ofHeaders ?? ofPayload;
  if (!credential) throw unauthenticated();
  return credential;
}

const isUnauthenticated = (error: unknown): boolean => error instanceof ApiError && error.code === "UNAUTHENTICATED";
