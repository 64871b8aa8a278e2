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
import { type Context, createContext } from "../../container";
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

/** Apollo Server takes these for a sign that a browser has asked first whether it may send the request. */
const preflightHeaders = ["apollo-require-preflight", "x-apollo-operation-name"];

/** The HTTP server: what a request passes, in the order in which it passes it. */
export function createHttp(
  streaming: StreamDependencies,
  apollo: ApolloServer<Context>,
  limits: Limits,
): FastifyInstance {
  const { runtime, authenticator, liveConnections } = streaming;
  const loggerInstance: FastifyBaseLogger = runtime.log;
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.maxBodyBytes,
    genReqId: newId,
    forceCloseConnections: "idle",
    // Who is still connected when the server stops is answered like anybody else, only for the last time.
    return503OnClosing: false,
    // Long enough for the largest document over a slow line, and no longer: Node's own default is five minutes.
    requestTimeout: 120_000,
    http: { headersTimeout: 15_000 },
    schemaController: { compilersFactory: { buildValidator: noRouteSchemas, buildSerializer: noRouteSchemas } },
    frameworkErrors: (_error, request, reply) => void refuse(nothingHere(), request, reply),
  });
  app.server.maxConnections = limits.maxConnections;
  app.removeContentTypeParser("text/plain");
  app.setErrorHandler(refuse);
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-request-id", request.id);
    // Fastify would read the body first, whoever sends it.
    if (request.is404) throw nothingHere();
  });
  app.addHook("onSend", async (_request, reply) => {
    if (runtime.runs.stopping.aborted) void reply.header("connection", "close");
  });

  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const isReady = !runtime.runs.stopping.aborted && (await answers(() => runtime.db.ping()));
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "unavailable" });
  });
  serveDownloads(app, streaming);
  app.get("/", (_request, reply) => reply.redirect(graphqlPath));

  void app.register(async (guarded) => {
    guarded.addHook("onRequest", showLandingPage);
    guarded.addHook("onRequest", authenticate(authenticator));
    guarded.addHook("preHandler", reauthenticateAfterBody(authenticator));
    serveSse(guarded, streamPath, streaming);

    void guarded.register(async (requests) => {
      // Not parsed here, but behind the door and after the check that comes with it.
      requests.addContentTypeParser("multipart/form-data", (_request, _payload, done) => done(null));
      requests.addHook("preValidation", async (request, reply) => {
        if (isMultipart(request)) request.body = await receive(request, reply, limits, liveConnections);
      });
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

/** Shows a person with a browser where they are. It takes no credential, and says nothing that needs one. */
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

const isMultipart = ({ headers }: FastifyRequest): boolean =>
  headers["content-type"]?.toLowerCase().startsWith("multipart/form-data") === true;

/** What comes after the fields comes while it is executed, for as long as it is allowed. */
async function receive(
  request: FastifyRequest,
  reply: FastifyReply,
  limits: Limits,
  openStreams: LiveConnections,
): Promise<unknown> {
  if (!preflightHeaders.some((name) => request.headers[name])) {
    const message = `A request with a document must have a header that a foreign page can't send unasked: \`${preflightHeaders.join("` or `")}\`, with any value.`;
    throw new ApiError("BAD_USER_INPUT", message);
  }
  const { maxBodyBytes: maxFieldBytes, maxUploadBytes: maxFileBytes } = limits;
  const stream = openStreams.open(request.credential, request.caller);
  finished(reply.raw, () => openStreams.remove(stream));
  const operation = await parseMultipart(request.raw, reply.raw, { maxFieldBytes, maxFileBytes }, stream.closed);
  await stream.watch(operation as OperationRequest, request);
  return operation;
}

/** Apollo Server's integration makes a URL of it. */
async function checkHost({ hostname }: FastifyRequest): Promise<void> {
  if (!URL.canParse(`http://${hostname}/`)) throw new ApiError("BAD_USER_INPUT", "The header `host` must name a host.");
}

/** Fastify's own compilers are large, and loaded where there are no others. */
const noRouteSchemas = () => () => {
  throw new Error("No route has a schema: GraphQL has one");
};

const nothingHere = () => new ApiError("NOT_FOUND", `There is nothing here. The API is at ${graphqlPath}.`);

const answers = (ask: () => Promise<void>): Promise<boolean> =>
  ask().then(
    () => true,
    () => false,
  );
