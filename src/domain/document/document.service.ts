import { setTimeout as delay } from "node:timers/promises";
import { type EntityManager, In } from "typeorm";
import { ownedBy } from "../app/app.service";
import type { Caller } from "../../auth/caller";
import type { Limits } from "../../config";
import type { Database } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { batching } from "../../platform/database/loaders";
import { ApiError, notFound, unavailable } from "../../errors";
import { supportedMediaTypes } from "../../retrieval/extraction/media-type";
import type { DocumentReader } from "../../retrieval/document-reader";
import { Session } from "../session/session.entity";
import { type SessionService, sessionTerminated } from "../session/session.service";
import { type DocumentStorage, StorageUnavailableError } from "../../platform/storage/document-storage";
import { Document } from "./document.entity";
import type { DocumentLinks } from "./document-links";
import type { DocumentProcessor } from "./document-processor";
import type { DocumentContent, UploadDocumentInput, UploadLimits } from "./document.input";
import { safeFilename } from "./filename";

/** So long an upload waits for its document to be read, in milliseconds. */
const aMoment = 1_000;

/** Of what could not be told before the limits of reading were reached. */
const unknownType = "application/octet-stream";

export class DocumentService {
  private readonly bySession = batching<Document[]>(async (sessionIds) => {
    const found = await this.db.read.find(Document, {
      where: { sessionId: In([...sessionIds]) },
      order: { id: "ASC" },
    });
    const documents = new Map<string, Document[]>(sessionIds.map((id) => [id, []]));
    for (const document of found) documents.get(document.sessionId)?.push(document);
    return sessionIds.map((id) => documents.get(id) ?? []);
  });

  constructor(
    private readonly db: Database,
    private readonly caller: Caller,
    private readonly sessionService: SessionService,
    private readonly storage: DocumentStorage,
    private readonly reader: DocumentReader,
    private readonly readings: DocumentProcessor,
    private readonly links: DocumentLinks,
    private readonly limits: Limits,
  ) {}

  get uploadLimits(): UploadLimits {
    const { maxSessionDocuments: maxDocuments, maxUploadBytes: maxBytes } = this.limits;
    return { maxDocuments, maxBytes, mimeTypes: supportedMediaTypes };
  }

  listOf(session: Session): Promise<Document[]> {
    return this.bySession.load(session.id);
  }

  async contentOf(id: string): Promise<DocumentContent | null> {
    const exists = await this.db.read.existsBy(Document, { id, ...ownedBy(this.caller) });
    return exists ? this.links.make(id, this.caller) : null;
  }

  /**
   * Takes a document in, and waits a moment for it to be read: it is as it is by then. Whatever way it ends, no file is
   * left that has no row.
   */
  async upload({ sessionId, file }: UploadDocumentInput): Promise<Document> {
    const session = await this.sessionService.find(sessionId);
    if (!session) throw notFound("session");
    await this.checkRoom(this.db.read, session);

    const id = newId();
    let mayBeThere = false as boolean;
    try {
      const document = await this.take(id, session, file);
      await this.db.transaction(async (manager) => {
        const held = await this.db.lock(manager, Session, { id: session.id });
        if (!held) throw notFound("session");
        await this.checkRoom(manager, held);
        await manager.insert(Document, document);
        await manager.update(Session, { id: held.id }, { lastActivityAt: document.createdAt });
        mayBeThere = true;
      });
      if (document.status !== "PROCESSING") return document;
    } catch (error) {
      // It may have been committed though the database's word of that got lost.
      if (mayBeThere) this.readings.beginIfThere(id);
      else await this.readings.discard([id]);
      throw error instanceof StorageUnavailableError ? unavailable(error) : error;
    }
    await Promise.race([this.readings.begin(id), delay(aMoment, undefined, { ref: false })]);
    const document = await this.db.read.findOneBy(Document, { id });
    if (!document) throw notFound("document");
    return document;
  }

  async delete(id: string): Promise<void> {
    const { affected } = await this.db.transaction((manager) =>
      manager.delete(Document, { id, ...ownedBy(this.caller) }),
    );
    if (!affected) throw notFound("document");
    await this.readings.discard([id]);
  }

  private async take(id: string, session: Session, file: UploadDocumentInput["file"]): Promise<Document> {
    const upload = await file;
    const content = upload.createReadStream();
    const { size, sha256, seen } = await this.storage.write(id, content, (path) => {
      if (content.truncated) throw this.tooLarge();
      return this.detected(path);
    });
    return {
      id,
      appId: session.appId,
      sessionId: session.id,
      filename: safeFilename(upload.filename),
      size,
      sha256,
      ...seen,
      readings: 0,
      readerId: this.readings.readerId,
      createdAt: new Date(),
    };
  }

  private async detected(path: string): Promise<Pick<Document, "mimeType" | "status" | "error">> {
    const told = await this.reader.detectType({ path });
    switch (told.kind) {
      case "told":
        return { mimeType: told.mediaType, status: "PROCESSING", error: null };
      case "failed":
        return { mimeType: unknownType, status: "FAILED", error: told.reason };
      case "unsupported":
        throw unsupported();
    }
  }

  private async checkRoom(manager: EntityManager, session: Session): Promise<void> {
    if (session.status === "TERMINATED") throw sessionTerminated();
    const { maxSessionDocuments } = this.limits;
    if ((await manager.countBy(Document, { sessionId: session.id })) < maxSessionDocuments) return;
    throw new ApiError(
      "LIMIT_REACHED",
      `A session holds at most ${maxSessionDocuments} documents, and this one has as many. Delete one first, or use another session.`,
    );
  }

  private tooLarge(): ApiError {
    const message = `A document may have at most ${this.limits.maxUploadBytes} bytes. Send a smaller one, or split it.`;
    return new ApiError("PAYLOAD_TOO_LARGE", message);
  }
}

const unsupported = () =>
  new ApiError(
    "UNSUPPORTED_MEDIA_TYPE",
    `The content of this file is of no supported type. These are: ${supportedMediaTypes.join(", ")}.`,
  );
