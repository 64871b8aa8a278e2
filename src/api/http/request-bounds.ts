import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { fairShareOf } from "../../auth/caller";
import type { Limits } from "../../config";
import { LoopTurns } from "../../platform/process/loop-turns";
import { clientAddressOf, networkOf } from "../../platform/inbound/client-address";
import type { Doorkeeper } from "../doorkeeper";
import type { ProcessLimits } from "../streams/process-limits";
import { whenClosed } from "../when-closed";

/** A client that reads nothing of its answer for this time is disconnected. */
const stallTimeoutMs = 30_000;

/** Smaller answers are handed to the system as a whole. */
const minCountedBytes = 16 * 1024;

/** A body that usually arrives with its headers. */
const maxSmallBytes = 16_384;

/** Requests may begin in one turn of the event loop for this time; each turn accepts one new connection. */
const turnBudgetMs = 5;

/**
 * Creates the hook that lets many requests that arrive at once begin a few at a time, in fair order by address. While the
 * process is overloaded, administrators take turns with the addresses, whichever they come from.
 */
export function spreadRequests(doorkeeper: Doorkeeper) {
  const turns = new LoopTurns(turnBudgetMs);
  return ({ raw }: FastifyRequest): Promise<void> => {
    const appId = doorkeeper.hasPriority(raw)
      ? "administrators"
      : networkOf(clientAddressOf(raw, doorkeeper.trustedProxies));
    return turns.next({ appId, lane: "requests" });
  };
}

/**
 * Counts the bytes of requests from the moment that their callers are known until they are answered, so that slow bodies
 * can't fill the memory, and the bytes of answers until they were read.
 *
 * @param app the routes for authenticated callers; the hook that authenticates must have been added before
 */
export function boundRequests(
  app: FastifyInstance,
  limits: Limits,
  { requestBytes, unreadBytes }: ProcessLimits,
): void {
  app.addHook("onRequest", async (request, reply) => {
    const bytes = bodyBytesOf(request, limits);
    if (bytes > 0) whenClosed(reply.raw, requestBytes.take(fairShareOf(request.caller), bytes));
  });
  app.addHook("onSend", async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return;
    const bytes = Buffer.byteLength(payload);
    // An answer to somebody without a valid credential is small.
    if (bytes < minCountedBytes || !(request.caller as unknown)) return;
    whenClosed(reply.raw, unreadBytes.take(fairShareOf(request.caller), bytes));
    reply.raw.setTimeout(stallTimeoutMs);
  });
}

/** Whether reading the body of a request is cheaper than closing its connection. */
export const isSmallBody = ({ headers }: Pick<IncomingMessage, "headers">): boolean =>
  Number(headers["content-length"] ?? Infinity) <= maxSmallBytes;

/** The memory that a body may take up: of an upload that of its fields, as its file is written to the disk as it arrives. */
function bodyBytesOf({ headers, method }: FastifyRequest, { maxBodyBytes }: Limits): number {
  const isUpload = headers["content-type"]?.toLowerCase().startsWith("multipart/") === true;
  const max = isUpload ? 2 * maxBodyBytes : maxBodyBytes;
  const declared = headers["content-length"];
  if (declared === undefined) return headers["transfer-encoding"] === undefined || method === "GET" ? 0 : max;
  return Math.min(Number(declared), max);
}
