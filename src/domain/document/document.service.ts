import { type EntityManager, In } from "typeorm";
import { giveRoom, takeRoom } from "../app/app-usage";
import { limitReached } from "../app/limit-reached";
import { type Caller, identityOf } from "../../auth/caller";
import type { Database } from "../../platform/database/database";
import { newId } from "../../platform/database/ids";
import { batching } from "../../platform/database/loaders";
import { ApiError, notFound, unavailable } from "../../errors";
import { supportedMediaTypes } from "../../retrieval/extraction/media-type";
import type { DocumentReader } from "../../retrieval/document-reader";
import { QueueFullError } from "../../platform/process/fair-queue";
import { Session } from "../session/session.entity";
import { sessionFilter } from "../session/session-filter";
import { type SessionService, sessionTerminated } from "../session/session.service";
import { type DocumentStorage, StorageUnavailableError } from "../../platform/storage/document-storage";
import { Document } from "./document.entity";
import type { DocumentLinks } from "./document-links";
import type { DocumentProcessor } from "./document-processor";
import type { DocumentContent, UploadDocumentInput, UploadLimits } from "./document.input";
import { safeFilename } from "./filename";

export interface DocumentLimits {
  readonly maxUploadBytes: number;
  readonly maxSessionDocuments: number;
}

/** The type of a document whose detection exceeded the limits. */
const unknownMediaType = "application/octet-stream";

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
    private readonly processor: DocumentProcessor,
    private readonly links: DocumentLinks,
    private readonly limits: DocumentLimits,
  ) {}

  get uploadLimits(): UploadLimits {
    const { maxSessionDocuments: maxDocuments, maxUploadBytes: maxBytes } = this.limits;
    return { maxDocuments, maxBytes, mimeTypes: supportedMediaTypes };
  }

  listOf(session: Session): Promise<Document[]> {
    return this.bySession.load(session.id);
  }

  async contentOf(id: string): Promise<DocumentContent | null> {
    const exists = await this.db.read.existsBy(Document, { id, ...sessionFilter(this.caller) });
    return exists ? this.links.make(id, this.caller) : null;
  }

  /** Stores a document and waits a moment for its processing. @returns the document in the status it has then */
  async upload({ sessionId, file }: UploadDocumentInput): Promise<Document> {
    const session = await this.sessionService.find(sessionId);
    if (!session) throw notFound("session");
    await this.checkCapacity(this.db.read, session);

    const stored = await this.store(session, file);
    if (stored.status !== "PROCESSING") return stored;
    await this.processor.startAndWait(stored, identityOf(this.caller));
    const document = await this.db.read.findOneBy(Document, { id: stored.id });
    if (!document) throw notFound("document");
    return document;
  }

  async delete(id: string): Promise<void> {
    await this.db.transaction(async (manager) => {
      const document = await this.db.lock(manager, Document, { id, ...sessionFilter(this.caller) });
      if (!document) throw notFound("document");
      await manager.delete(Document, { id });
      await giveRoom(manager, document.appId, { documents: 1, documentBytes: document.size });
    });
    await this.processor.discard([id]);
  }

  /** Stores the file and its row. If this fails, no file without a row is left. */
  private async store(session: Session, file: UploadDocumentInput["file"]): Promise<Document> {
    const id = newId();
    let inserted: Document | undefined;
    try {
      const document = await this.receive(id, session, file);
      await this.db.transaction(async (manager) => {
        const locked = await this.db.lock(manager, Session, { id: session.id });
        if (!locked) throw notFound("session");
        await this.checkCapacity(manager, locked);
        await manager.insert(Document, document);
        await manager.update(Session, { id: locked.id }, { lastActivityAt: document.createdAt });
        await takeRoom(manager, locked.appId, { documents: 1, documentBytes: document.size });
        inserted = document;
      });
      return document;
    } catch (error) {
      // The transaction may have been committed although the database's confirmation was lost.
      if (inserted) this.processor.startIfCommitted(inserted);
      else await this.processor.discard([id]);
      throw error instanceof StorageUnavailableError ? unavailable(error) : error;
    }
  }

  /** Stores the content of an upload. @returns the row to be inserted */
  private async receive(id: string, session: Session, file: UploadDocumentInput["file"]): Promise<Document> {
    const upload = await file;
    const content = upload.createReadStream();
    const staged = await this.storage.stage(id, content);
    try {
      if (content.truncated) throw this.tooLarge();
      const detected = await this.detect(staged.path, session);
      await staged.keep();
      return {
        id,
        appId: session.appId,
        sessionId: session.id,
        sessionScopeId: session.sessionScopeId,
        filename: safeFilename(upload.filename),
        size: staged.size,
        sha256: staged.sha256,
        ...detected,
        readings: 0,
        readerId: this.processor.readerId,
        createdAt: new Date(),
      };
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }

  private async detect(path: string, { appId }: Session): Promise<Pick<Document, "mimeType" | "status" | "error">> {
    const share = { appId, lane: identityOf(this.caller) };
    const detection = await this.reader.detectType({ path }, share).catch((error: unknown) => {
      throw error instanceof QueueFullError ? unavailable(error) : error;
    });
    switch (detection.kind) {
      case "detected":
        return { mimeType: detection.mediaType, status: "PROCESSING", error: null };
      case "failed":
        return { mimeType: unknownMediaType, status: "FAILED", error: detection.reason };
      case "unsupported":
        throw unsupported();
    }
  }

  private async checkCapacity(manager: EntityManager, session: Session): Promise<void> {
    if (session.status === "TERMINATED") throw sessionTerminated();
    const { maxSessionDocuments } = this.limits;
    const used = await manager.countBy(Document, { sessionId: session.id });
    if (used < maxSessionDocuments) return;
    throw limitReached({
      of: "session",
      limit: "sessionDocuments",
      max: maxSessionDocuments,
      used,
      what: "documents",
      advice: "Delete a document, or use another session.",
    });
  }

  private tooLarge(): ApiError {
    const message = `A document may have at most ${this.limits.maxUploadBytes} bytes. Send a smaller file, or split it.`;
    return new ApiError("PAYLOAD_TOO_LARGE", message);
  }
}

const unsupported = () =>
  new ApiError(
    "UNSUPPORTED_MEDIA_TYPE",
    `The content of this file has an unsupported type. Supported types: ${supportedMediaTypes.join(", ")}.`,
  );
