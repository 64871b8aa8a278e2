import type { ApolloServer } from "@apollo/server";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteHandlerMethod,
} from "fastify";
import type { Limits } from "../../config";
import { type Context, createContext, type Runtime } from "../../container";
import { isTrusted } from "../../platform/inbound/client-address";
import { ApiError } from "../../errors";
import { version } from "../../platform/process/version";
import { urlOf } from "../../platform/url";
import { consolePath, serveConsole } from "../console/serve-console";
import type { ConsoleHost } from "../console/console-host";
import { serveConsoleSessions } from "../console/serve-sessions";
import { serveVerdicts } from "../console/serve-verdicts";
import { errorTypeOf, responseTypeOf } from "../graphql/media-type";
import { assertSimple, isJson } from "../json";
import { authenticate, chargeRequest, reauthenticateAfterBody, refuse } from "./authentication";
import { type Admission, createAdmittingServer } from "./admission";
import { answerBrowserVisits } from "./browser-visits";
import { allowOrigins } from "./cors";
import { serveDownloads } from "./downloads";
import { answerMalformedRequest } from "./malformed-request";
import { boundRequests, spreadRequests } from "./request-bounds";
import { connectionOf } from "./request-connection";
import { reportRequest } from "./request-report";
import { traceOperation } from "./operation-trace";
import { requestIdOf } from "../common-headers";
import { addResponseHeaders } from "./response-headers";
import { LeakedKeys } from "../../domain/api-key/leaked-keys";
import { serveLeakedKeys } from "./leaked-keys";
import type { Reports } from "../reports/reports";
import { serveMetricsToAdministrators } from "./serve-metrics";
import { acceptUploads } from "./uploads";
import { LiveOperation } from "../streams/live-operation";
import { serveSse } from "../streams/sse";
import type { StreamDependencies } from "../streams/execute-operation";

export const graphqlPath = "/graphql";
const streamPath = "/graphql/stream";

const guardedPaths = [graphqlPath, `${consolePath}/stream`, `${consolePath}/verdict`];

/** Whether requests for a URL, relative or absolute, may be refused if the process is overloaded. Metrics stay readable. */
const isGuarded = (url: string): boolean => guardedPaths.some((path) => url.includes(path));

export interface HttpOptions {
  /** The origins whose pages may use the API, besides its own. */
  readonly corsOrigins: readonly string[];
  /** Undefined if the console is not served. */
  readonly console: ConsoleHost | undefined;
}

/** Creates the HTTP server. Hooks and routes stand in the order in which a request passes them. */
export function createHttp(
  dependencies: StreamDependencies,
  apollo: ApolloServer<Context>,
  limits: Limits,
  { corsOrigins, console }: HttpOptions = { corsOrigins: [], console: undefined },
  handler: RouteHandlerMethod = executeRequest(apollo, dependencies),
): FastifyInstance {
  const { runtime, authenticator, doorkeeper, liveConnections, connectionGate, reports } = dependencies;
  const admission = { doorkeeper, isGuarded, corsOrigins, cookie: console?.cookie, reports };
  const app = createFastify(runtime.log, limits, admission, reports);
  connectionGate.attach(app.server);
  addCommonHooks(app, runtime, reports, corsOrigins);
  serveHealth(app, runtime);
  serveDownloads(app, dependencies);
  if (console) serveConsole(app, console.files);
  // Relative, for a proxy that serves this below a path of its own.
  const home = console && console.files.size > 0 ? `${consolePath.slice(1)}/` : undefined;
  app.get("/", (request, reply) => {
    const isBrowser = request.headers.accept?.includes("text/html") === true;
    return reply.redirect(home !== undefined && isBrowser ? home : graphqlPath.slice(1));
  });
  app.route({ method: "HEAD", url: graphqlPath, handler: refuseHead });
  app.route({ method: "HEAD", url: streamPath, handler: refuseHead });

  const spread = spreadRequests(doorkeeper);
  if (console) {
    void app.register(async (open) => {
      open.addHook("onRequest", spread);
      serveConsoleSessions(open, console, doorkeeper);
    });
  }
  void app.register(async (open) => {
    open.addHook("onRequest", spread);
    open.addHook("onRequest", refuseEncoded);
    const leakedKeys = new LeakedKeys(runtime.db.reserved, runtime.auditLog, runtime.accessNotifier);
    serveLeakedKeys(open, leakedKeys, runtime.rateCounter, doorkeeper.trustedProxies);
  });
  void app.register(async (guarded) => {
    guarded.addHook("onRequest", answerBrowserVisits(graphqlPath, home && `${home}explorer`));
    guarded.addHook("onRequest", spread);
    guarded.addHook("onRequest", authenticate(doorkeeper, connectionGate, console?.cookie));
    guarded.addHook("onRequest", traceOperation);
    guarded.addHook("onRequest", chargeRequest(runtime.rates));
    guarded.addHook("onRequest", refuseEncoded);
    boundRequests(guarded, limits, liveConnections.limits);
    guarded.addHook("preHandler", reauthenticateAfterBody(authenticator));
    guarded.addHook("onSend", chooseErrorType);
    serveMetricsToAdministrators(guarded, dependencies.metrics);
    serveSse(guarded, streamPath, dependencies);
    if (console) {
      serveSse(guarded, `${consolePath}/stream`, dependencies);
      serveVerdicts(guarded, dependencies);
    }
    void guarded.register(async (requests) => {
      requests.addHook("onRequest", checkAccept);
      acceptUploads(requests, limits, liveConnections);
      requests.addHook("preHandler", checkHost);
      requests.route({ method: ["GET", "POST"], url: graphqlPath, handler });
      if (console) requests.route({ method: "POST", url: `${consolePath}/graphql`, handler });
    });
  });
  return app;
}

function createFastify(
  loggerInstance: FastifyBaseLogger,
  limits: Limits,
  admission: Admission,
  reports: Reports,
): FastifyInstance {
  const report = reportRequest(reports);
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.maxBodyBytes,
    // For the host and the protocol that a client has used.
    trustProxy: (address) => isTrusted(address, admission.doorkeeper.trustedProxies),
    genReqId: requestIdOf,
    // A HEAD route would execute the operation of its GET route.
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    // While the server stops, requests on open connections are still answered; `connection: close` ends them.
    return503OnClosing: false,
    serverFactory: (handle) => createAdmittingServer(handle, admission),
    schemaController: { compilersFactory: { buildValidator: noRouteSchemas, buildSerializer: noRouteSchemas } },
    frameworkErrors: (_error, request, reply) => {
      void report(request, reply);
      addResponseHeaders(request, reply);
      void refuse(unknownPath(), request, reply);
    },
    clientErrorHandler: answerMalformedRequest,
  });
  app.removeContentTypeParser("text/plain");
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    try {
      assertSimple(body);
    } catch (error) {
      done(error as ApiError);
      return;
    }
    void parseJson(request, body, (error, value) => done(error && isJson(body) ? prototypeKey() : error, value));
  });
  app.setErrorHandler(refuse);
  app.setNotFoundHandler((request, reply) => refuse(unknownPath(), request, reply));
  return app;
}

function addCommonHooks(
  app: FastifyInstance,
  { runs }: Runtime,
  reports: Reports,
  corsOrigins: readonly string[],
): void {
  app.addHook("onRequest", reportRequest(reports));
  app.addHook("onRequest", async (request, reply) => {
    // Each part that lasts as long as the response listens for its end.
    reply.raw.setMaxListeners(50);
    addResponseHeaders(request, reply);
  });
  allowOrigins(app, corsOrigins);
  // After the hook of the origins, so that their pages can read this error too.
  app.after(() => {
    app.addHook("onRequest", async (request) => {
      // Fastify would read the body of an unauthenticated request first.
      if (request.is404) throw unknownPath();
    });
  });
  app.addHook("onSend", async (_request, reply) => {
    if (runs.stopping.aborted) void reply.header("connection", "close");
  });
}

function serveHealth(app: FastifyInstance, { db, runs }: Runtime): void {
  const method = ["GET", "HEAD"];
  app.route({ method, url: "/healthz", handler: () => ({ status: "ok", version }) });
  app.route({
    method,
    url: "/readyz",
    async handler(_request, reply) {
      const isReady = !runs.stopping.aborted && (await succeeds(() => db.ping()));
      return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "unavailable" });
    },
  });
}

/** HEAD is a safe method, which must not execute an operation; and a response without its body would be of no use. */
function refuseHead(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(405).header("allow", "GET, POST").send();
}

/** Refuses a compressed body, whose size is not known before it is read. */
async function refuseEncoded({ headers }: FastifyRequest): Promise<void> {
  const encoding = headers["content-encoding"];
  if (encoding === undefined || /^(?:identity)?$/i.test(encoding.trim())) return;
  throw new ApiError(
    "UNSUPPORTED_MEDIA_TYPE",
    "The body of this request is compressed (`content-encoding`). Send it uncompressed.",
  );
}

/** Refuses a client that accepts no response of the API, before its operation is executed. */
async function checkAccept({ headers: { accept } }: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  if (responseTypeOf(accept) !== undefined) return undefined;
  const message = accept?.includes("text/event-stream")
    ? `Server-sent events, such as those of a subscription, are served at ${streamPath}. Send this request there.`
    : "This URL responds with JSON. Send the header `accept: application/json` or `accept: application/graphql-response+json`.";
  return reply.code(406).send({ errors: [new ApiError("BAD_USER_INPUT", message)] });
}

/** Labels an error as the client accepts it, also one of a route that sends its errors itself. */
async function chooseErrorType({ headers: { accept } }: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (reply.statusCode >= 400) void reply.type(errorTypeOf(accept));
}

/** Executes the operation of a request. The text of a large result comes from its context, not from Apollo Server. */
function executeRequest(
  apollo: ApolloServer<Context>,
  { runtime, liveConnections }: StreamDependencies,
): RouteHandlerMethod {
  return async function (this: FastifyInstance, request, reply) {
    const connection = connectionOf(request, reply, liveConnections);
    const { report } = request;
    report.caller = request.caller;
    const context = createContext(runtime, request.caller, report, new LiveOperation(connection));
    const handle = fastifyApolloHandler(apollo, { context: () => Promise.resolve(context) }) as RouteHandlerMethod;
    const text: unknown = await report.span.run(() => handle.call(this, request, reply));
    return context.response.serialized ?? text;
  };
}

/** The Apollo integration builds a URL from the host. */
async function checkHost({ hostname }: FastifyRequest): Promise<void> {
  if (!urlOf(`http://${hostname}/`)) throw new ApiError("BAD_USER_INPUT", "The header `host` must name a host.");
}

/** Keeps Fastify from loading its own compilers, which are large. */
const noRouteSchemas = () => () => {
  throw new Error("A route has a schema; requests are validated by GraphQL only");
};

/** The parser refuses these keys, which could change the prototype of an object that copies them. */
const prototypeKey = () =>
  new ApiError(
    "BAD_USER_INPUT",
    "The body of this request has a key `__proto__`, or a key `constructor` with a `prototype`. Leave it out.",
  );

const unknownPath = () => new ApiError("NOT_FOUND", `There is nothing at this path. The API is at ${graphqlPath}.`);

const succeeds = (check: () => Promise<void>): Promise<boolean> =>
  check().then(
    () => true,
    () => false,
  );
