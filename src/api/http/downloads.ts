import type { IncomingMessage, ServerResponse } from "node:http";
import { create as contentDisposition } from "content-disposition";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Caller, canReachSession } from "../../auth/caller";
import { maskOf, satisfies } from "../../auth/permissions";
import { Document } from "../../domain/document/document.entity";
import { downloadPath, type LinkHolder } from "../../domain/document/document-links";
import { ApiError, unavailable } from "../../errors";
import { isInAll } from "../../platform/inbound/address-list";
import { clientAddressOf } from "../../platform/inbound/client-address";
import { StorageUnavailableError } from "../../platform/storage/document-storage";
import { AuthorizedConnection } from "../streams/authorized-connection";
import type { StreamDependencies } from "../streams/execute-operation";
import { whenClosed } from "../when-closed";

/** A download is cut off when its client reads nothing for this time. */
const stallTimeoutMs = 30_000;

const sessionView = maskOf({ kind: "runtime", anyOf: ["SESSION_VIEW"] });

/** Identical for every invalid link, so that it does not disclose which documents exist. */
const noSuchDownload = () =>
  new ApiError("NOT_FOUND", "This link is invalid or has expired. Query `documentContent` for a new one.");

/** A download whose link was made for a caller whose access can be revoked. */
class KeyedDownload extends AuthorizedConnection {
  constructor(
    holder: Caller,
    private readonly document: Document,
    private readonly address: string,
  ) {
    super(holder);
  }

  protected isStillAllowed(holder: Caller): boolean {
    return canView(holder, this.document, this.address);
  }
}

const canView = (holder: Caller, document: Document, address: string): boolean =>
  canReachSession(holder, document) &&
  satisfies(holder.granted, sessionView) &&
  (holder.kind === "ADMIN" || isInAll(holder.allowedAddresses, address));

/** Serves documents by signed links, without a credential. */
export function serveDownloads(
  app: FastifyInstance,
  { runtime, authenticator, doorkeeper, liveConnections, connectionGate }: StreamDependencies,
): void {
  const addressOf = (request: IncomingMessage) => clientAddressOf(request, doorkeeper.trustedProxies);
  app.route({
    method: ["GET", "HEAD"],
    url: `${downloadPath}/:id`,
    exposeHeadRoute: false,
    async handler(request, reply) {
      const document = await linkedDocument(request, reply);
      // A valid link is a credential: it was made for a caller who may read the document.
      connectionGate.keep(request.raw.socket, { appId: document.appId, lane: "downloads" });
      if (request.method === "HEAD") return describe(document, reply).send();

      const disconnected = new AbortController();
      reply.raw.once("close", () => disconnected.abort());
      const content = await runtime.storage.read(document.id, disconnected.signal).catch((error: unknown) => {
        if (disconnected.signal.aborted) return undefined;
        throw error instanceof StorageUnavailableError ? unavailable(error) : error;
      });
      if (!content) throw noSuchDownload();
      // Node closes the connection if nothing has been sent for this time.
      reply.raw.setTimeout(stallTimeoutMs);
      return describe(document, reply).send(content);
    },
  });

  /** Finds the document of a link. If access can be revoked from whoever the link was made for, the response ends then. */
  async function linkedDocument(
    { params, query, raw: request }: FastifyRequest,
    { raw }: FastifyReply,
  ): Promise<Document> {
    const { id } = params as { id: string };
    const link = runtime.documentLinks.read(id, query as Readonly<Record<string, unknown>>);
    if (!link) throw noSuchDownload();
    const document = await runtime.db.read.findOneBy(Document, { id }).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (!document) throw noSuchDownload();
    if (link.holder) endOnRevocation(raw, await openDownload(link.holder, document, addressOf(request)));
    return document;
  }

  async function openDownload(linked: LinkHolder, document: Document, address: string): Promise<KeyedDownload> {
    for (;;) {
      const asOf = authenticator.changeCount;
      const holder = await authenticator.holderOf(linked);
      // A download that is added after a change, for a holder found before it, would miss the change.
      if (asOf !== authenticator.changeCount) continue;

      if (!holder || !canView(holder, document, address)) throw noSuchDownload();
      const download = new KeyedDownload(holder, document, address);
      liveConnections.add(download);
      return download;
    }
  }

  function endOnRevocation(response: ServerResponse, download: KeyedDownload): void {
    whenClosed(response, () => liveConnections.remove(download));
    // There is no close reason if the server stops: the download completes then.
    const end = () => download.closeReason && response.destroy();
    if (download.closed.aborted) end();
    else download.closed.addEventListener("abort", end);
  }
}

/** Makes browsers save the file, and keeps its content from running as a page of this origin. */
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
