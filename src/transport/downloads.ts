import { create as contentDisposition } from "content-disposition";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Authenticator } from "../api-key/authenticator";
import { maskOf, satisfies } from "../auth/permissions";
import type { Runtime } from "../container";
import { Document } from "../document/document.entity";
import { type DocumentLink, downloadPath } from "../document/document-links";
import { ApiError, unavailable } from "../errors";
import { StorageUnavailable } from "../storage/document-storage";

/** So long a client may take nothing of what it has asked for, in milliseconds. */
const patience = 30_000;

const sessionView = maskOf({ kind: "runtime", anyOf: ["SESSION_VIEW"] });

/** The same for whatever is wrong with a link, so that it tells nothing of what there is. */
const nothingToDownload = () =>
  new ApiError("NOT_FOUND", "This link leads to no document, or not any more. Ask `documentContent` for another.");

/** Serves documents to whoever has a link to one. */
export function serveDownloads(app: FastifyInstance, runtime: Runtime, authenticator: Authenticator): void {
  app.route({
    method: ["GET", "HEAD"],
    url: `${downloadPath}/:id`,
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const document = await linkedDocument(request, runtime, authenticator);
      if (!document) throw nothingToDownload();
      if (request.method === "HEAD") return describe(document, reply).send();

      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const content = await runtime.storage.read(document.id, gone.signal).catch((error: unknown) => {
        if (gone.signal.aborted) return undefined;
        throw error instanceof StorageUnavailable ? unavailable(error) : error;
      });
      if (!content) throw nothingToDownload();
      // Node ends a connection over which nothing has gone for so long.
      reply.raw.setTimeout(patience);
      return describe(document, reply).send(content);
    },
  });
}

async function linkedDocument(
  { params, query }: FastifyRequest,
  { db, documentLinks }: Runtime,
  authenticator: Authenticator,
): Promise<Document | null> {
  const { id } = params as { id: string };
  const link = documentLinks.read(id, query as Readonly<Record<string, unknown>>);
  if (!link) return null;
  const document = await db.read.findOneBy(Document, { id }).catch((error: unknown) => {
    throw unavailable(error);
  });
  return document && (await isStillAllowed(link, document, authenticator)) ? document : null;
}

/** A link outlives no right that it rests on. */
async function isStillAllowed(
  { keyId }: DocumentLink,
  { appId }: Document,
  authenticator: Authenticator,
): Promise<boolean> {
  if (keyId === undefined) return true;
  const holder = await authenticator.holderOfKey(keyId);
  return holder?.kind === "API_KEY" && holder.appId === appId && satisfies(holder.granted, sessionView);
}

/** Whatever a browser makes of it, it is a file to be saved, and nothing that acts in the name of this server. */
function describe({ filename, mimeType, size }: Document, reply: FastifyReply): FastifyReply {
  return reply.headers({
    "content-type": mimeType,
    "content-length": size,
    "content-disposition": contentDisposition(filename),
    "accept-ranges": "none",
    "cache-control": "private, no-store",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
}
