import { finished } from "node:stream";
import type { ApolloServer } from "@apollo/server";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Limits } from "../../config";
import { type Context, createContext, type Runtime } from "../../container";
import { newId } from "../../platform/database/ids";
import { parseMultipart } from "./multipart";
import { ApiError } from "../../errors";
import type { OperationRequest } from "../graphql/operations";
import { authenticate, reauthenticateAfterBody, refuse } from "./authentication";
import { serveDownloads } from "./downloads";
import { landingPage } from "./landing-page";
import type { LiveConnections } from "../streams/live-connections";
import { serveSse } from "../streams/sse";
import type { StreamDependencies } from "../streams/execute-operation";

export const graphqlPath = "/graphql";
const streamPath = "/graphql/stream";

/** Apollo Server takes either header as evidence that a browser has sent a CORS preflight request. */
const preflightHeaders = ["apollo-require-preflight", "x-apollo-operation-name"];

/** Creates the HTTP server. Hooks and routes stand in the order in which a request passes them. */
export function createHttp(
  dependencies: StreamDependencies,
  apollo: ApolloServer<Context>,
  limits: Limits,
): FastifyInstance {
  const { runtime, authenticator, liveConnections } = dependencies;
  const app = createFastify(runtime.log, limits);
  addCommonHooks(app, runtime);
  serveHealth(app, runtime);
  serveDownloads(app, dependencies);
  app.get("/", (_request, reply) => reply.redirect(graphqlPath));

  void app.register(async (guarded) => {
    guarded.addHook("onRequest", showLandingPage);
    guarded.addHook("onRequest", authenticate(authenticator));
    guarded.addHook("preHandler", reauthenticateAfterBody(authenticator));
    serveSse(guarded, streamPath, dependencies);
    void guarded.register(async (requests) => {
      acceptUploads(requests, limits, liveConnections);
      requests.addHook("preHandler", checkHost);
      requests.route({
        method: ["GET", "POST"],
        url: graphqlPath,
        handler: fastifyApolloHandler(apollo, {
          context: async ({ caller, id }) => createContext(runtime, caller, id),
        }),
      });
    });
  });
  return app;
}

function createFastify(loggerInstance: FastifyBaseLogger, limits: Limits): FastifyInstance {
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.maxBodyBytes,
    genReqId: newId,
    forceCloseConnections: "idle",
    // While the server stops, requests on open connections are still answered; `connection: close` ends them.
    return503OnClosing: false,
    // Long enough for the largest document over a slow line; the default of Node is five minutes.
    requestTimeout: 120_000,
    http: { headersTimeout: 15_000 },
    schemaController: { compilersFactory: { buildValidator: noRouteSchemas, buildSerializer: noRouteSchemas } },
    frameworkErrors: (_error, request, reply) => void refuse(unknownPath(), request, reply),
  });
  app.server.maxConnections = limits.maxConnections;
  app.removeContentTypeParser("text/plain");
  app.setErrorHandler(refuse);
  return app;
}

function addCommonHooks(app: FastifyInstance, { runs }: Runtime): void {
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-request-id", request.id);
    // Fastify would read the body of an unauthenticated request first.
    if (request.is404) throw unknownPath();
  });
  app.addHook("onSend", async (_request, reply) => {
    if (runs.stopping.aborted) void reply.header("connection", "close");
  });
}

function serveHealth(app: FastifyInstance, { db, runs }: Runtime): void {
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const isReady = !runs.stopping.aborted && (await succeeds(() => db.ping()));
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "unavailable" });
  });
}

/** Shows the landing page to a browser. It needs no credential and discloses nothing that does. */
async function showLandingPage(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const { method, headers, query, protocol, host, routeOptions } = request;
  const isVisit = method === "GET" && headers.accept?.includes("text/html") === true;
  if (!isVisit || routeOptions.url !== graphqlPath || Object.hasOwn(query as object, "query")) return undefined;
  const { html, contentSecurityPolicy } = landingPage(`${protocol}://${host}${graphqlPath}`);
  return reply
    .header("content-security-policy", contentSecurityPolicy)
    .header("cache-control", "no-store")
    .header("x-content-type-options", "nosniff")
    .type("text/html; charset=utf-8")
    .send(html);
}

function acceptUploads(app: FastifyInstance, limits: Limits, liveConnections: LiveConnections): void {
  // Fastify must not parse the body: that happens below, after the check for a preflight header.
  app.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
  app.addHook("preValidation", async (request, reply) => {
    if (isMultipart(request)) request.body = await receiveUpload(request, reply, limits, liveConnections);
  });
}

const isMultipart = ({ headers }: FastifyRequest): boolean =>
  headers["content-type"]?.toLowerCase().startsWith("multipart/form-data") === true;

/**
 * Parses the operation of an upload. The file is received while the operation executes, for as long as the caller is
 * authorized.
 */
async function receiveUpload(
  request: FastifyRequest,
  reply: FastifyReply,
  limits: Limits,
  liveConnections: LiveConnections,
): Promise<unknown> {
  if (!preflightHeaders.some((name) => request.headers[name])) {
    const message = `A request with a document must have a header that makes browsers send a CORS preflight request: \`${preflightHeaders.join("` or `")}\`, with any value.`;
    throw new ApiError("BAD_USER_INPUT", message);
  }
  const { maxBodyBytes: maxFieldBytes, maxUploadBytes: maxFileBytes } = limits;
  const connection = liveConnections.open(request.credential, request.caller);
  finished(reply.raw, () => liveConnections.remove(connection));
  const operation = await parseMultipart(request.raw, reply.raw, { maxFieldBytes, maxFileBytes }, connection.closed);
  await connection.watch(operation as OperationRequest, request);
  return operation;
}

/** The Apollo integration builds a URL from the host. */
async function checkHost({ hostname }: FastifyRequest): Promise<void> {
  if (!URL.canParse(`http://${hostname}/`)) throw new ApiError("BAD_USER_INPUT", "The header `host` must name a host.");
}

/** Keeps Fastify from loading its own compilers, which are large. */
const noRouteSchemas = () => () => {
  throw new Error("A route has a schema; requests are validated by GraphQL only");
};

const unknownPath = () => new ApiError("NOT_FOUND", `There is nothing at this path. The API is at ${graphqlPath}.`);

const succeeds = (check: () => Promise<void>): Promise<boolean> =>
  check().then(
    () => true,
    () => false,
  );
