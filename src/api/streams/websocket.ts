import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs, GraphQLError } from "graphql";
import { CloseCode, handleProtocols, makeServer, type Server } from "graphql-ws";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { PresentedCredential } from "../../domain/api-key/authenticator";
import { type Caller, fairShareOf } from "../../auth/caller";
import { newId } from "../../platform/database/ids";
import { ApiError, isRefusal } from "../../errors";
import { OperationReport } from "../../domain/usage/operation-report";
import { logErrors, maskError } from "../graphql/masking";
import type { Runtime } from "../../container";
import type { OperationRequest, PreparedOperation } from "../graphql/operations";
import { SerializedResult } from "../graphql/serialization";
import { credentialOfHeaders, credentialOfPayload, theOnly } from "../credential";
import { isAllowedUpgrade } from "../origins";
import { requestIdOf } from "../common-headers";
import { startOperationSpan } from "../reports/operation-span";
import type { LiveConnection } from "./live-connection";
import { executeOperation, type StreamDependencies } from "./execute-operation";
import { refuseUpgrade } from "./refuse-upgrade";
import { latestOf, resumePositionOf } from "./resume";
import { turnAway, type UpgradedConnection } from "./upgraded-connection";
import { attachGraphqlWs } from "./websocket-connection";
import { WebSocketInput } from "./websocket-input";

/** Per connection; no honest client has more operations open. */
const maxOperations = 100;

/** Every result of an operation carries its id. */
const maxOperationIdChars = 256;

/** Clients that do not answer the closing handshake in this time are terminated. */
const closeTimeoutMs = 2_000;

/** Close codes of RFC 6455. Clients of the protocol reconnect after these, and not after the codes of graphql-ws. */
const StandardCloseCode = { GoingAway: 1001, TryAgainLater: 1013 } as const;

class AcceptedConnection implements UpgradedConnection {
  /** Set once the credential of the connection is valid. */
  live: LiveConnection | undefined;

  constructor(
    readonly socket: WebSocket,
    readonly request: IncomingMessage,
  ) {}

  readonly isAccepted = (): boolean => this.live !== undefined;

  readonly close = (code: number, reason: string): void => {
    if (this.live) this.socket.close(code, reason);
    else turnAway(this, code, reason);
  };

  // Before the connection is accepted, what may be received and sent is small.
  readonly takeUnread = (bytes: number): (() => void) => this.live?.takeUnread(bytes) ?? (() => undefined);

  readonly takeRequest = (bytes: number): (() => void) => this.live?.takeRequest(bytes) ?? (() => undefined);

  readonly waitForTurn = async (): Promise<void> => this.live?.waitForTurn();
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
  /** The origins whose pages may connect, besides the own one. */
  corsOrigins: readonly string[] = [],
): () => void {
  const {
    runtime: { log },
    timings,
  } = dependencies;
  // The type of the options lacks `closeTimeout`.
  const options: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    maxPayload: maxPayloadBytes,
    handleProtocols,
    // WebSocketOutput answers pings, with a bound.
    autoPong: false,
    // One message or control frame per turn of the event loop, however many arrive at once.
    allowSynchronousEvents: false,
    // An honest message arrives in far fewer pieces; each takes more memory than its bytes.
    maxFragments: 1_024,
    maxBufferedChunks: 4_096,
    closeTimeout: closeTimeoutMs,
  };
  const sockets = new WebSocketServer(options);
  const protocol = createProtocolServer(dependencies);

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const refuse = (error: unknown) => {
      const requestId = requestIdOf(request);
      refuseUpgrade(socket, request, requestId, reportRefusedConnection(dependencies, error, requestId));
    };
    if (request.url?.split("?")[0] !== path) {
      refuse(new ApiError("NOT_FOUND", `There is no WebSocket at this path. It is at ${path}.`));
      return;
    }
    if (!isAllowedUpgrade(request, corsOrigins)) {
      refuse(foreignOrigin());
      return;
    }
    const accept = () =>
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = new AcceptedConnection(webSocket, request);
        new WebSocketInput(connection, maxPayloadBytes);
        attachGraphqlWs(protocol, connection, timings, log);
      });
    authenticateUpgrade(dependencies, request).then(accept, refuse);
  });
  return () => closeAll(sockets);
}

/** An upgrade without a credential passes: `connection_init` must bring one then. */
async function authenticateUpgrade({ doorkeeper }: StreamDependencies, request: IncomingMessage): Promise<void> {
  const credential = credentialOfHeaders(request);
  if (credential) await doorkeeper.authenticate(doorkeeper.presented(request, credential));
}

const foreignOrigin = () =>
  new ApiError(
    "FORBIDDEN",
    "Pages of this origin may not open a WebSocket here. An operator can allow its origin with CORS_ORIGINS.",
    { extensions: { reason: "ORIGIN" } },
  );

function createProtocolServer(dependencies: StreamDependencies): ProtocolServer {
  const execute = (args: ExecutionArgs) => (args as AdmittedArgs).execute();
  return makeServer<Record<string, unknown>, AcceptedConnection>({
    onConnect: ({ connectionParams, extra }) => acceptConnection(dependencies, extra, connectionParams),
    onClose: ({ extra: { live } }) => {
      live?.close();
      if (live) dependencies.liveConnections.remove(live);
    },
    onSubscribe: ({ extra, subscriptions, connectionParams }, id, payload) => {
      if (id.length > maxOperationIdChars) throw new Error("The id of an operation is too long");
      return admitOperation(dependencies, extra, connectionParams, payload, Object.keys(subscriptions).length);
    },
    // Without this, graphql-ws would copy the properties of the result.
    onNext: (_context, _id, _payload, _args, result: unknown) =>
      result instanceof SerializedResult ? result : undefined,
    execute,
    subscribe: execute,
  });
}

/** A connection that is accepted has no report of its own; its operations have. @returns the error for the client */
function reportRefusedConnection(
  { runtime, reports }: StreamDependencies,
  error: unknown,
  requestId = newId(),
): GraphQLError {
  const report = new OperationReport(requestId, "websocket");
  const shown = maskError(error);
  logErrors(runtime.log, requestId, [error]);
  report.refuse([shown]);
  reports.finish(report);
  return shown;
}

/** @returns false if the connection is refused; it is closed then */
async function acceptConnection(
  dependencies: StreamDependencies,
  connection: AcceptedConnection,
  payload: Readonly<Record<string, unknown>> | undefined,
): Promise<boolean> {
  const { socket, request } = connection;
  try {
    // Checked before anything is admitted, so that a position that can't be read is not ignored.
    resumePositionOf(payload, "after");
    const { doorkeeper } = dependencies;
    const credential = doorkeeper.presented(
      request,
      theOnly(credentialOfHeaders(request), credentialOfPayload(payload)),
    );
    const caller = await doorkeeper.authenticate(credential);
    // A client that has disconnected by now would never be removed from the live connections.
    if (socket.readyState !== socket.OPEN) return false;
    dependencies.connectionGate.keep(request.socket, fairShareOf(caller));
    connection.live = openLiveConnection(dependencies, socket, credential, caller);
    return true;
  } catch (error) {
    reportRefusedConnection(dependencies, error);
    if (isUnauthenticated(error)) connection.close(CloseCode.Unauthorized, reasonOf(error, "Unauthorized"));
    else if (isRefusal(error)) connection.close(CloseCode.Forbidden, reasonOf(error, "Forbidden"));
    else if (isBadInput(error)) connection.close(CloseCode.BadRequest, "Invalid payload of connection_init");
    else connection.close(StandardCloseCode.TryAgainLater, "Try again later");
    return false;
  }
}

function openLiveConnection(
  { liveConnections }: StreamDependencies,
  socket: WebSocket,
  credential: PresentedCredential,
  caller: Caller,
): LiveConnection {
  const live = liveConnections.open(credential, caller);
  live.closed.addEventListener("abort", () => {
    if (live.closeReason === undefined) socket.close(StandardCloseCode.GoingAway, "Going away");
    else if (isRefusal(live.closeReason)) socket.close(CloseCode.Forbidden, reasonOf(live.closeReason, "Forbidden"));
    else socket.close(StandardCloseCode.TryAgainLater, "Try again later");
  });
  return live;
}

/** @returns the arguments of an execution, or the errors of an operation that is refused */
async function admitOperation(
  { runtime, doorkeeper, reports }: StreamDependencies,
  { live, socket, request: upgrade }: AcceptedConnection,
  connectionParams: Readonly<Record<string, unknown>> | undefined,
  request: OperationRequest,
  openOperations: number,
): Promise<AdmittedArgs | readonly GraphQLError[]> {
  if (!live) throw new Error("An operation came before its connection was accepted");
  const report = new OperationReport(newId(), "websocket");
  report.caller = live.holder;
  report.address = live.credential.address;
  startOperationSpan(report, upgrade.headers);
  const refuse = (errors: readonly GraphQLError[]) => {
    report.refuse(errors);
    reports.finish(report);
    return errors;
  };
  if (openOperations > maxOperations) {
    return refuse([new ApiError("LIMIT_REACHED", `At most ${maxOperations} operations may be open on a connection.`)]);
  }
  try {
    doorkeeper.admitOperation(live.credential);
    const resume = latestOf(
      resumePositionOf(connectionParams, "after"),
      resumePositionOf(request.extensions, "extensions.after"),
    );
    const { errors, prepared, caller } = await live.admit(request);
    report.caller = caller;
    report.operation = prepared;
    if (caller.kind === "API_KEY") report.statements++;
    await chargeOperation(runtime, live, caller, prepared);
    if (errors) return refuse(errors);
    live.whenReleased(prepared, () => {
      if (live.closeReason) report.fail([live.closeReason]);
      reports.finish(report);
    });
    return { ...prepared.args, execute: () => executeOperation(runtime, live, prepared, caller, report, resume) };
  } catch (error) {
    logErrors(runtime.log, report.requestId, [error]);
    if (isRefusal(error)) socket.close(CloseCode.Forbidden, reasonOf(error, "Forbidden"));
    return refuse([maskError(error)]);
  }
}

/** Charges what an HTTP request costs. @throws RATE_LIMITED */
async function chargeOperation(
  { rates }: Runtime,
  live: LiveConnection,
  caller: Caller,
  prepared: PreparedOperation | undefined,
): Promise<void> {
  try {
    await rates.charge(caller, 1);
  } catch (error) {
    if (prepared) live.release(prepared);
    throw error;
  }
}

function closeAll(sockets: WebSocketServer): void {
  for (const client of sockets.clients) client.close(StandardCloseCode.GoingAway, "Going away");
  setTimeout(() => {
    for (const client of sockets.clients) client.terminate();
  }, closeTimeoutMs).unref();
}

const isUnauthenticated = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.code === "UNAUTHENTICATED";

const isBadInput = (error: unknown): boolean => error instanceof ApiError && error.code === "BAD_USER_INPUT";

/** The reason of a close frame: that of the error, such as `KEY_REVOKED`. */
const reasonOf = ({ extensions }: ApiError, otherwise: string): string =>
  (extensions["reason"] as string | undefined) ?? otherwise;
