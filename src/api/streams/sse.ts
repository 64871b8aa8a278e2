import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ExecutionResult, type GraphQLError, OperationTypeNode } from "graphql";
import Negotiator from "negotiator";
import { ApiError, badInput } from "../../errors";
import { logErrors, maskError } from "../graphql/masking";
import type { OperationRequest } from "../graphql/operations";
import { SerializedResult } from "../graphql/serialization";
import { complete, type EventStream, eventsOf, sendEvents } from "./event-stream";
import { eventIndexOf, executeOperation, type StreamDependencies } from "./execute-operation";
import type { LiveConnection } from "./live-connection";
import { latestOf, resumePositionOf, resumePositionOfHeader } from "./resume";
import { SharedStream } from "./shared-stream";
import { StreamReservations } from "./stream-reservations";
import { whenClosed } from "../when-closed";

const json = "application/json; charset=utf-8";

/** The header, and the parameter of the URL, that name a shared stream. */
const tokenHeader = "x-graphql-event-stream-token";
const maxOperationIdChars = 100;

/**
 * Serves operations as server-sent events by the GraphQL over Server-Sent Events Protocol
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md): each on a stream of its own ("distinct connections
 * mode"), or several on a stream that was reserved before ("single connection mode"). Requests are authenticated by an
 * earlier hook.
 */
export function serveSse(app: FastifyInstance, path: string, dependencies: StreamDependencies): void {
  const { liveConnections } = dependencies;
  const reservations = new StreamReservations();

  app.put(path, ({ caller }, reply) => reply.code(201).type("text/plain").send(reservations.reserve(caller)));
  app.delete(path, (request, reply) => {
    const stream = reservations.open(tokenOf(request) ?? "", request.caller);
    stream.end(String((request.query as Query)["operationId"]));
    return reply.code(200).send();
  });
  app.route({
    method: ["GET", "POST"],
    url: path,
    async handler(request, reply) {
      const token = tokenOf(request);
      if (token !== undefined && request.method === "POST")
        return addOperation(dependencies, reservations.open(token, request.caller), request, reply);
      if (!acceptsEvents(request)) {
        const message =
          "This URL responds with server-sent events. Send a header `accept` that includes `text/event-stream`.";
        return reply.code(406).send({ errors: [new ApiError("BAD_USER_INPUT", message)] });
      }
      const connection = liveConnections.open(request.credential, request.caller);
      whenClosed(reply.raw, () => liveConnections.remove(connection));
      if (token === undefined) return streamOperation(dependencies, connection, request, reply);

      const stream = new SharedStream(connection, (error) => failed(dependencies, request.id, error));
      reservations.claim(token, request.caller, stream);
      whenClosed(reply.raw, () => reservations.remove(token));
      request.report.allow();
      const events = { events: stream.events(), stop: () => stream.stop(), eventsOf: () => [] };
      return send(dependencies, connection, request, reply, () => Promise.resolve(events));
    },
  });
}

/** Executes an operation, whose results go to a shared stream. */
async function addOperation(
  { runtime }: StreamDependencies,
  stream: SharedStream,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { connection } = stream;
  const operation = operationOf(request);
  const id = operationIdOf(operation.extensions);
  stream.reserve(id);
  try {
    const resumeAfter = resumePositionOf(operation.extensions, "extensions.after");
    const { prepared, caller, errors } = await admit(connection, operation, request);
    if (errors) {
      stream.end(id);
      return await refuse(errors, request, reply);
    }
    const results = executeOperation(runtime, connection, prepared, caller, request.report, resumeAfter);
    stream.add(id, streamOf(await results));
    return await reply.code(202).send();
  } catch (error) {
    stream.end(id);
    throw error;
  }
}

/** Streams the results of the operation of a request. */
async function streamOperation(
  dependencies: StreamDependencies,
  connection: LiveConnection,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const operation = operationOf(request);
  const resumeAfter = latestOf(
    resumePositionOf(operation.extensions, "extensions.after"),
    resumePositionOfHeader(request.headers["last-event-id"]),
  );
  const { prepared, caller, errors } = await admit(connection, operation, request);
  // A denied operation gets a plain response instead of a stream.
  if (errors) return refuse(errors, request, reply);
  if (request.method === "GET" && prepared.operation.operation === OperationTypeNode.MUTATION) {
    const error = new ApiError("BAD_USER_INPUT", "A mutation must be sent by POST.");
    return reply
      .code(405)
      .header("allow", "POST")
      .send({ errors: [error] });
  }
  return send(dependencies, connection, request, reply, async () => {
    const { runtime } = dependencies;
    const results = streamOf(
      await executeOperation(runtime, connection, prepared, caller, request.report, resumeAfter),
    );
    return {
      events: eventsOf(results, eventIndexOf),
      stop: () => void results.return?.(),
      eventsOf: (error: unknown) => [{ event: "next", data: { data: null, errors: [maskError(error)] } }, complete],
    };
  });
}

/** Takes over the response and writes events to it. */
async function send(
  { runtime, timings }: StreamDependencies,
  connection: LiveConnection,
  { id, report }: FastifyRequest,
  reply: FastifyReply,
  begin: () => Promise<Pick<EventStream, "events" | "stop" | "eventsOf">>,
): Promise<FastifyReply> {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value ?? "");
  try {
    const { closed } = connection;
    const takeUnread = (bytes: number) => connection.takeUnread(bytes);
    await sendEvents(reply.raw, { ...(await begin()), closed, takeUnread }, timings);
    if (connection.closeReason) report.fail([connection.closeReason]);
  } catch (error) {
    // Fastify does not handle errors of a hijacked reply.
    logErrors(runtime.log, id, [error]);
    report.fail([maskError(error)]);
    if (reply.raw.headersSent) reply.raw.destroy();
    else reply.raw.writeHead(500, { "content-type": json }).end(JSON.stringify({ errors: [maskError(error)] }));
  }
  return reply;
}

/** The last result of an operation that failed; only the log has the cause of an internal error. */
function failed({ runtime }: StreamDependencies, requestId: string, error: unknown): ExecutionResult {
  logErrors(runtime.log, requestId, [error]);
  return { data: null, errors: [maskError(error)] };
}

async function admit(connection: LiveConnection, operation: OperationRequest, request: FastifyRequest) {
  const admission = await connection.admit(operation, request);
  request.report.caller = admission.caller;
  request.report.operation = admission.prepared;
  return admission;
}

function refuse(errors: readonly GraphQLError[], { report }: FastifyRequest, reply: FastifyReply): FastifyReply {
  report.refuse(errors);
  const isForbidden = errors.some(({ extensions }) => extensions["code"] === "FORBIDDEN");
  return reply.code(isForbidden ? 403 : 400).send({ errors });
}

type Query = Readonly<Record<string, unknown>>;

function tokenOf({ headers, query }: FastifyRequest): string | undefined {
  const token = headers[tokenHeader] ?? (query as Query)["token"];
  return typeof token === "string" ? token : undefined;
}

/** @throws BAD_USER_INPUT */
function operationIdOf(extensions: unknown): string {
  const { operationId } = (extensions ?? {}) as { operationId?: unknown };
  if (typeof operationId === "string" && operationId !== "" && operationId.length <= maxOperationIdChars)
    return operationId;
  const message = `must be a text of 1 to ${maxOperationIdChars} characters, by which the stream names the results`;
  throw badInput({ field: "extensions.operationId", message });
}

const streamOf = (
  result: ExecutionResult | AsyncIterableIterator<ExecutionResult>,
): AsyncIterableIterator<ExecutionResult> => (Symbol.asyncIterator in result ? result : single(result));

async function* single(result: ExecutionResult): AsyncGenerator<ExecutionResult, undefined> {
  // Clients of `graphql-sse` recognize a result by its `data`, which a failed one lacks.
  yield await Promise.resolve(result instanceof SerializedResult ? result : { data: null, ...result });
}

/** Whether the header `accept` includes `text/event-stream`, among others, by a range or with a quality. */
const acceptsEvents = ({ raw }: FastifyRequest): boolean =>
  new Negotiator(raw).mediaType(["text/event-stream", "text/event-stream; charset=utf-8"]) !== undefined;

function operationOf({ method, query, body }: FastifyRequest): OperationRequest {
  if (method === "POST") return body ?? {};
  const { variables, extensions, ...rest } = query as OperationRequest;
  return {
    ...rest,
    variables: parseParameter("variables", variables),
    extensions: parseParameter("extensions", extensions),
  };
}

function parseParameter(field: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw badInput({ field, message: "must be JSON" });
  }
}
