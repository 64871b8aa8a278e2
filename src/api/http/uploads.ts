import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { fairShareOf } from "../../auth/caller";
import type { Limits } from "../../config";
import { ApiError } from "../../errors";
import type { OperationRequest } from "../graphql/operations";
import { forcesPreflight, preflightHeaders } from "../graphql/preflight";
import type { LiveConnections } from "../streams/live-connections";
import { parseMultipart } from "./multipart";
import { connectionOf } from "./request-connection";
import { whenClosed } from "../when-closed";

/** Parses multipart requests, whose file is received while their operation executes. */
export function acceptUploads(app: FastifyInstance, limits: Limits, liveConnections: LiveConnections): void {
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
  if (!forcesPreflight(request.headers)) {
    const message = `A request with a document must have a header that makes browsers send a CORS preflight request: \`${preflightHeaders.join("` or `")}\`, with any value.`;
    throw new ApiError("BAD_USER_INPUT", message);
  }
  const { maxBodyBytes: maxFieldBytes, maxUploadBytes: maxFileBytes } = limits;
  whenClosed(reply.raw, liveConnections.limits.uploads.take(fairShareOf(request.caller)));
  const connection = connectionOf(request, reply, liveConnections);
  const operation = await parseMultipart(request.raw, reply.raw, { maxFieldBytes, maxFileBytes }, connection.closed);
  // Its errors are left to its execution.
  await connection.admit(operation as OperationRequest, request);
  return operation;
}
