import type { ServerResponse } from "node:http";
import { finished } from "node:stream";
import { create as contentDisposition } from "content-disposition";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Caller, canReach } from "../../auth/caller";
import { maskOf, satisfies } from "../../auth/permissions";
import { Document } from "../../domain/document/document.entity";
import { downloadPath } from "../../domain/document/document-links";
import { ApiError, unavailable } from "../../errors";
import { StorageUnavailableError } from "../../platform/storage/document-storage";
import { AuthorizedConnection } from "../streams/authorized-connection";
import type { StreamDependencies } from "../streams/execute-operation";

/** So long a client may take nothing of what it has asked for, in milliseconds. */
const patience = 30_000;

const sessionView = maskOf({ kind: "runtime", anyOf: ["SESSION_VIEW"] });

/** The same for whatever is wrong with a link, so that it tells nothing of what there is. */
const nothingToDownload = () =>
  new ApiError("NOT_FOUND", "This link leads to no document, or not any more. Ask `documentContent` for another.");

/** A download that rests on the rights of an API key. */
class OpenDownload extends AuthorizedConnection {
  constructor(
    holder: Caller,
    private readonly document: Document,
  ) {
    super(holder);
  }

  protected isStillAllowed(holder: Caller): boolean {
    return maySee(holder, this.document);
  }
}

const maySee = (holder: Caller, { appId }: Document): boolean =>
  canReach(holder, appId) && satisfies(holder.granted, sessionView);

/** Serves documents to whoever has a link to one, for as long as it holds. */
export function serveDownloads(
  app: FastifyInstance,
  { runtime, authenticator, liveConnections }: StreamDependencies,
): void {
  app.route({
    method: ["GET", "HEAD"],
    url: `${downloadPath}/:id`,
    exposeHeadRoute: false,
    async handler(request, reply) {
      const document = await linkedDocument(request, reply);
      if (request.method === "HEAD") return describe(document, reply).send();

      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const content = await runtime.storage.read(document.id, gone.signal).catch((error: unknown) => {
        if (gone.signal.aborted) return undefined;
        throw error instanceof StorageUnavailableError ? unavailable(error) : error;
      });
      if (!content) throw nothingToDownload();
      // Node ends a connection over which nothing has gone for so long.
      reply.raw.setTimeout(patience);
      return describe(document, reply).send(content);
    },
  });

  /** What a link leads to. If it rests on a key, so does the response from now on. */
  async function linkedDocument({ params, query }: FastifyRequest, { raw }: FastifyReply): Promise<Document> {
    const { id } = params as { id: string };
    const link = runtime.documentLinks.read(id, query as Readonly<Record<string, unknown>>);
    if (!link) throw nothingToDownload();
    const document = await runtime.db.read.findOneBy(Document, { id }).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (!document) throw nothingToDownload();
    if (link.keyId !== undefined) endWithRights(raw, await openDownload(link.keyId, document));
    return document;
  }

  async function openDownload(keyId: string, document: Document): Promise<OpenDownload> {
    for (;;) {
      const asOf = authenticator.changeCount;
      const holder = await authenticator.holderOfKey(keyId);
      // Who was asked about before rights changed, and is added after, would hear nothing of it.
      if (asOf !== authenticator.changeCount) continue;

      if (!holder || !maySee(holder, document)) throw nothingToDownload();
      const download = new OpenDownload(holder, document);
      liveConnections.add(download);
      return download;
    }
  }

  function endWithRights(response: ServerResponse, download: OpenDownload): void {
    finished(response, () => liveConnections.remove(download));
    // Where the server stops, there is no fault, and what is under way comes to its end.
    const end = () => download.closeReason && response.destroy();
    if (download.closed.aborted) end();
    else download.closed.addEventListener("abort", end);
  }
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
