import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { IsNull, LessThan } from "typeorm";
import type { Database } from "../../platform/database/database";
import type { Instance } from "../../platform/instance/instance";
import { WorkerError } from "../../retrieval/worker-pool";
import type { DocumentReader, IndexOutcome } from "../../retrieval/document-reader";
import {
  type DocumentStorage,
  type ReadingFiles,
  StorageUnavailableError,
} from "../../platform/storage/document-storage";
import { Document } from "./document.entity";

/** One that the server has stopped at so often, while it was being read, is not read again. */
const maxReadings = 3;

/** How long a database that fails is left alone before it is asked again, in milliseconds. */
const retryDelayMs = 1_000;
/** How long something may still come of what a database was asked for that has failed, in milliseconds. */
const aftermath = 15_000;

interface InFlightReading {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * Reads documents that are stored, in the background. Each is a row that says PROCESSING until its reading has ended, and
 * which instance reads it, so that whatever happens to this process, another one knows what is left to be read.
 */
export class DocumentProcessor {
  private readonly inFlight = new Map<string, InFlightReading>();
  private readonly closing = new AbortController();

  constructor(
    private readonly db: Database,
    private readonly storage: DocumentStorage,
    private readonly reader: DocumentReader,
    private readonly instance: Instance,
    /** Told when a document has been read, or given up, as somebody may wait for it. */
    private readonly settled: () => void,
    private readonly log: Logger,
  ) {}

  /** What the row of a document says that is to be read here. */
  get readerId(): string {
    return this.instance.id;
  }

  /** Goes on with the documents of instances that are gone. @returns false where it could not look */
  async takeOver(): Promise<boolean> {
    if (this.closing.signal.aborted) return true;
    try {
      const open = await this.db.read.find(Document, {
        where: { status: "PROCESSING" },
        select: { id: true, readerId: true },
        order: { id: "ASC" },
      });
      const gone = await this.instance.deadAmong(open.map(({ readerId }) => readerId));
      for (const { id, readerId } of open.filter((each) => gone.has(each.readerId))) {
        if (!this.inFlight.has(id) && (await this.claim(id, readerId))) void this.begin(id);
      }
      return true;
    } catch (error) {
      this.log.error({ err: error }, "could not take over the documents of others, trying again");
      return false;
    }
  }

  /** Begins to read a document whose row names this instance. Ends, and never fails, when it has been read or given up. */
  begin(id: string): Promise<void> {
    const stop = new AbortController();
    const done = this.read(id, this.readerId, stop.signal)
      .catch((error: unknown) => this.log.error({ err: error, documentId: id }, "could not write what a reading gave"))
      .finally(() => {
        this.inFlight.delete(id);
        this.settled();
      });
    this.inFlight.set(id, { stop, done });
    return done;
  }

  /**
   * Reads a document whose row may be there, or come, though the database's word of it got lost. Where it is not, nothing
   * is left of the document.
   */
  beginIfThere(id: string): void {
    delay(aftermath, undefined, { signal: this.closing.signal, ref: false }).then(
      () => void this.begin(id),
      // The next start finds it, or sweeps away what is left of it.
      () => undefined,
    );
  }

  /** Gives up all that is being read, as others may be at it. */
  abortAll(): void {
    for (const { stop } of this.inFlight.values()) stop.abort();
  }

  /** Gives up documents whose rows are gone. When this ends, nothing writes into their files any more. */
  async abort(ids: readonly string[]): Promise<void> {
    const readings = ids.flatMap((id) => this.inFlight.get(id) ?? []);
    for (const { stop } of readings) stop.abort();
    await Promise.all(readings.map(({ done }) => done));
  }

  /** Deletes the content and the indexes of documents whose rows are gone. Failures are logged; the sweep deletes the rest. */
  async discard(ids: readonly string[]): Promise<void> {
    try {
      await this.abort(ids);
      await this.storage.remove(ids);
    } catch (error) {
      this.log.error({ err: error, ids }, "could not remove documents' files");
    }
  }

  /** Gives up what is being read: another instance or the next start reads it. To be called when the reader has been closed. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.inFlight.values()].map(({ done }) => done));
  }

  private async read(id: string, readerId: string, signal: AbortSignal): Promise<void> {
    const turn: { hasCome: boolean; files?: ReadingFiles } = { hasCome: false };
    const stop = AbortSignal.any([signal, this.closing.signal]);
    const taskOf = async () => {
      turn.hasCome = await this.retryTransient(() => this.countBegun(id, readerId), stop);
      if (!turn.hasCome) return undefined;
      turn.files = await this.retryTransient(() => this.storage.filesToRead(id, stop), stop, isPassing);
      return turn.files;
    };
    try {
      const reading = (await this.reader.index(taskOf, signal)) ?? stoppedTooOften;
      if (reading.kind === "read") await this.retryTransient(() => turn.files?.keepIndex(), stop, isPassing);
      await this.write(id, readerId, reading);
    } catch (error) {
      if (signal.aborted) return;
      if (this.closing.signal.aborted || error instanceof WorkerError) {
        // The server stops, and not because of this document.
        if (turn.hasCome) await this.uncount(id, readerId);
        return;
      }
      this.log.error({ err: error, documentId: id }, "could not read a document");
      await this.write(id, readerId, { kind: "failed", reason: "The server could not read it. Its log says why." });
    } finally {
      await turn.files?.release();
    }
  }

  private async claim(id: string, from: string | null): Promise<boolean> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(Document, { id, status: "PROCESSING", readerId: from ?? IsNull() }, { readerId: this.readerId }),
    );
    return affected === 1;
  }

  /** @returns false where the document is gone, is read by others, or has been begun often enough */
  private async countBegun(id: string, readerId: string): Promise<boolean> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(
        Document,
        { id, readerId, status: "PROCESSING", readings: LessThan(maxReadings) },
        { readings: () => "readings + 1" },
      ),
    );
    return affected === 1;
  }

  private async uncount(id: string, readerId: string): Promise<void> {
    await this.db.transaction((manager) =>
      manager.update(Document, { id, readerId, status: "PROCESSING" }, { readings: () => "readings - 1" }),
    );
  }

  /** Says in the row how the reading ended. Where the row is gone, nothing is left of the document. */
  private async write(id: string, readerId: string, reading: IndexOutcome): Promise<void> {
    const end =
      reading.kind === "read"
        ? ({ status: "READY", error: null } as const)
        : ({ status: "FAILED", error: reading.reason } as const);
    const { signal } = this.closing;
    const isTheirs = () => this.db.read.existsBy(Document, { id, readerId });
    if (reading.kind === "failed" && (await this.retryTransient(isTheirs, signal))) {
      await this.retryTransient(() => this.storage.removeIndex(id), signal, isPassing);
    }
    const { affected } = await this.retryTransient(
      () => this.db.transaction((manager) => manager.update(Document, { id, readerId, status: "PROCESSING" }, end)),
      signal,
    );
    if (affected !== 1 && !(await this.db.read.existsBy(Document, { id }))) await this.storage.remove([id]);
  }

  /** Asks the database or the store again as long as it fails in a way that may pass, and the work is wanted. */
  private async retryTransient<Result>(
    work: () => Result | Promise<Result>,
    stop: AbortSignal,
    mayPass: (error: unknown) => boolean = () => true,
  ): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (stop.aborted || !mayPass(error)) throw error;
        this.log.error({ err: error }, "could not go on with a reading, trying again");
        await delay(retryDelayMs, undefined, { signal: stop }).catch(() => undefined);
      }
    }
  }
}

const isPassing = (error: unknown): boolean => error instanceof StorageUnavailableError;

const stoppedTooOften: IndexOutcome = {
  kind: "failed",
  reason: `The server stopped ${maxReadings} times while it was being read.`,
};
