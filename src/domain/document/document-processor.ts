import { setTimeout as delay } from "node:timers/promises";
import { QueueFullError } from "../../platform/process/fair-queue";
import { retry } from "../../platform/process/retry";
import type { Logger } from "pino";
import { In, IsNull, LessThan, Not } from "typeorm";
import type { Database } from "../../platform/database/database";
import type { Instance } from "../../platform/instance/instance";
import { WorkerError } from "../../retrieval/worker-pool";
import type { DocumentReader, IndexOutcome } from "../../retrieval/document-reader";
import type { MediaType } from "../../retrieval/extraction/media-type";
import {
  type DocumentStorage,
  type ReadingFiles,
  StorageUnavailableError,
} from "../../platform/storage/document-storage";
import { Document } from "./document.entity";

/** A document whose processing was cut off by this many stops of a server is not processed again. */
const maxAttempts = 3;

const retryDelayMs = 1_000;
/** A transaction may still take effect this long after its confirmation was lost. */
const lateCommitMs = 15_000;

/** The documents of at most this number of apps are read from the database at a time. */
const maxAppsAtOnce = 100;

/** The lane of documents that were not uploaded by a request of this process. */
const unknownLane = "";

type StoredDocument = Pick<Document, "id" | "appId" | "mimeType">;

export interface DocumentTimings {
  /** An upload waits this long for its document, so that small documents are READY in the response. */
  readonly uploadWaitMs: number;
}

interface InFlight {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * Indexes stored documents in the background. The row of a document stays PROCESSING until that has ended, and names the
 * instance that does it, so that another instance can take over the document if this process dies. A document for which
 * there is no room in the queue waits in the database.
 */
export class DocumentProcessor {
  private readonly inFlight = new Map<string, InFlight>();
  private readonly closing = new AbortController();
  /** Whether documents of this instance may wait in the database only. */
  private hasOverflowed = false;

  constructor(
    private readonly db: Database,
    private readonly storage: DocumentStorage,
    private readonly reader: DocumentReader,
    private readonly instance: Instance,
    /** Called when a document has been processed or aborted, because runs may wait for it. */
    private readonly onSettled: () => void,
    private readonly timings: DocumentTimings,
    private readonly log: Logger,
  ) {}

  /** The value of `readerId` in the row of a document that this instance is to process. */
  get readerId(): string {
    return this.instance.id;
  }

  /** Claims and starts the documents of dead instances. @returns false if the database failed */
  async takeOver(): Promise<boolean> {
    if (this.closing.signal.aborted) return true;
    try {
      const processing = await this.db.read.find(Document, {
        where: { status: "PROCESSING" },
        select: { id: true, appId: true, readerId: true, mimeType: true },
        order: { id: "ASC" },
      });
      const dead = await this.instance.deadAmong(processing.map(({ readerId }) => readerId));
      for (const document of processing.filter(({ readerId }) => dead.has(readerId))) {
        const { id, readerId } = document;
        if (!this.inFlight.has(id) && (await this.claim(id, readerId))) void this.start(document);
      }
      return true;
    } catch (error) {
      this.log.error({ err: error }, "failed to take over the documents of dead instances; retrying");
      return false;
    }
  }

  /**
   * Processes a document whose row names this instance. The promise never rejects.
   *
   * @param lane the documents of an app's lanes take turns
   */
  start(document: StoredDocument, lane = unknownLane): Promise<void> {
    const { id } = document;
    const stop = new AbortController();
    const settle = () => {
      this.inFlight.delete(id);
      this.onSettled();
      if (this.hasOverflowed) void this.startOverflowed();
    };
    const done = this.process(document, lane, this.readerId, stop.signal).then(settle, (error: unknown) => {
      if (error instanceof QueueFullError) {
        this.inFlight.delete(id);
        this.hasOverflowed = true;
        return;
      }
      this.log.error({ err: error, documentId: id }, "failed to record the result of processing a document");
      settle();
    });
    this.inFlight.set(id, { stop, done });
    return done;
  }

  /** Processes a document, and waits a moment for it. */
  async startAndWait(document: StoredDocument, lane: string): Promise<void> {
    await Promise.race([this.start(document, lane), delay(this.timings.uploadWaitMs, undefined, { ref: false })]);
  }

  /**
   * Processes a document whose insertion may have been committed, or may still be, because the database's confirmation
   * was lost. If there is no row after a while, the files of the document are deleted.
   */
  startIfCommitted(document: StoredDocument): void {
    delay(lateCommitMs, undefined, { signal: this.closing.signal, ref: false }).then(
      () => void this.start(document),
      // After a restart, the document is taken over or its files are swept.
      () => undefined,
    );
  }

  /** Aborts all processing, because other instances may have taken over the documents. */
  abortAll(): void {
    for (const { stop } of this.inFlight.values()) stop.abort();
  }

  /** Aborts the processing of documents whose rows are gone, and waits until nothing writes to their files. */
  async abort(ids: readonly string[]): Promise<void> {
    const aborted = ids.flatMap((id) => this.inFlight.get(id) ?? []);
    for (const { stop } of aborted) stop.abort();
    await Promise.all(aborted.map(({ done }) => done));
  }

  /**
   * Deletes the content and the indexes of documents whose rows are gone. A failure is logged, and the sweep of orphans
   * deletes the files later.
   */
  async discard(ids: readonly string[]): Promise<void> {
    try {
      await this.abort(ids);
      await this.storage.remove(ids);
    } catch (error) {
      this.log.error({ err: error, ids }, "failed to delete the files of documents");
    }
  }

  /** Aborts all processing; another instance or the next start resumes it. Must be called after the reader was closed. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.inFlight.values()].map(({ done }) => done));
  }

  /** Starts the documents for which there was no room: the oldest of each app, as one of them may have a place now. */
  private async startOverflowed(): Promise<void> {
    this.hasOverflowed = false;
    const { readerId } = this;
    const find = async () => {
      const oldest = await this.db.read
        .createQueryBuilder(Document, "document")
        .select("MIN(document.id)", "id")
        .where({ status: "PROCESSING", readerId, id: Not(In([...this.inFlight.keys()])) })
        .groupBy("document.appId")
        .limit(maxAppsAtOnce)
        .getRawMany<{ id: string }>();
      const ids = oldest.map(({ id }) => id);
      return this.db.read.find(Document, { where: { id: In(ids) }, select: { id: true, appId: true, mimeType: true } });
    };
    const waiting = await this.retryTransient(find, this.closing.signal).catch(() => []);
    if (waiting.length > 0) this.hasOverflowed = true;
    for (const document of waiting) if (!this.inFlight.has(document.id)) void this.start(document);
  }

  /** @throws {QueueFullError} if there is no room for the document */
  private async process(
    { id, appId, mimeType }: StoredDocument,
    lane: string,
    readerId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const attempt: { isCounted: boolean; files?: ReadingFiles } = { isCounted: false };
    const stop = AbortSignal.any([signal, this.closing.signal]);
    const makeTask = async () => {
      attempt.isCounted = await this.retryTransient(() => this.countAttempt(id, readerId), stop);
      if (!attempt.isCounted) return undefined;
      attempt.files = await this.retryTransient(() => this.storage.filesToRead(id, stop), stop, isStorageUnavailable);
      const { path, indexPath } = attempt.files;
      return { path, indexPath, mediaType: mimeType as MediaType };
    };
    try {
      const outcome = (await this.reader.index({ appId, lane }, makeTask, signal)) ?? tooManyAttempts;
      if (outcome.kind === "indexed") {
        await this.retryTransient(() => attempt.files?.keepIndex(), stop, isStorageUnavailable);
      }
      await this.record(id, readerId, outcome);
    } catch (error) {
      if (error instanceof QueueFullError) throw error;
      if (signal.aborted) return;
      if (this.closing.signal.aborted || error instanceof WorkerError) {
        // The server is stopping, which is not the document's fault.
        if (attempt.isCounted) await this.uncountAttempt(id, readerId);
        return;
      }
      this.log.error({ err: error, documentId: id }, "failed to process a document");
      await this.record(id, readerId, {
        kind: "failed",
        reason: "The server failed to process it. The server's log has the cause.",
      });
    } finally {
      await attempt.files?.release();
    }
  }

  private async claim(id: string, from: string | null): Promise<boolean> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(Document, { id, status: "PROCESSING", readerId: from ?? IsNull() }, { readerId: this.readerId }),
    );
    return affected === 1;
  }

  /** @returns false if the document is gone, was taken over, or has no attempts left */
  private async countAttempt(id: string, readerId: string): Promise<boolean> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(
        Document,
        { id, readerId, status: "PROCESSING", readings: LessThan(maxAttempts) },
        { readings: () => "readings + 1" },
      ),
    );
    return affected === 1;
  }

  private async uncountAttempt(id: string, readerId: string): Promise<void> {
    await this.db.transaction((manager) =>
      manager.update(Document, { id, readerId, status: "PROCESSING" }, { readings: () => "readings - 1" }),
    );
  }

  /** Writes the outcome into the row. If the row is gone, the files of the document are deleted. */
  private async record(id: string, readerId: string, outcome: IndexOutcome): Promise<void> {
    const change =
      outcome.kind === "indexed"
        ? ({ status: "READY", error: null } as const)
        : ({ status: "FAILED", error: outcome.reason } as const);
    const { signal } = this.closing;
    const isClaimed = () => this.db.read.existsBy(Document, { id, readerId });
    if (outcome.kind === "failed" && (await this.retryTransient(isClaimed, signal))) {
      await this.retryTransient(() => this.storage.removeIndex(id), signal, isStorageUnavailable);
    }
    const { affected } = await this.retryTransient(
      () => this.db.transaction((manager) => manager.update(Document, { id, readerId, status: "PROCESSING" }, change)),
      signal,
    );
    if (affected !== 1 && !(await this.db.read.existsBy(Document, { id }))) await this.storage.remove([id]);
  }

  /** Retries work on the database or the storage until it succeeds, fails permanently, or is aborted. */
  private retryTransient<Result>(
    work: () => Result | Promise<Result>,
    stop: AbortSignal,
    isTransient: (error: unknown) => boolean = () => true,
  ): Promise<Result> {
    return retry(work, {
      delayMs: retryDelayMs,
      shouldRetry: isTransient,
      signal: stop,
      onAbort: "final-attempt",
      onRetry: (error) => this.log.error({ err: error }, "failed to continue processing a document; retrying"),
    });
  }
}

const isStorageUnavailable = (error: unknown): boolean => error instanceof StorageUnavailableError;

const tooManyAttempts: IndexOutcome = {
  kind: "failed",
  reason: `The server stopped ${maxAttempts} times while it processed this document.`,
};
