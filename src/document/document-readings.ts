import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { LessThan } from "typeorm";
import type { Database } from "../database/database";
import { ProcessFailed } from "../reading/processes";
import type { Reader, Reading } from "../reading/reader";
import { type DocumentStorage, type ReadingFiles, StorageUnavailable } from "../storage/document-storage";
import { Document } from "./document.entity";

/** One that the server has stopped at so often, while it was being read, is not read again. */
const mostReadings = 3;

/** How long a database that fails is left alone before it is asked again, in milliseconds. */
const pause = 1_000;

/** Who waits for what another process may be reading looks again after this time, in milliseconds. */
const lookAgain = 1_000;

interface UnderWay {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * Reads documents that are stored, in the background. Each is a row that says PROCESSING until its reading has ended, so
 * that whatever happens to this process, the next one knows what is left to be read.
 */
export class DocumentReadings {
  private readonly underWay = new Map<string, UnderWay>();
  private readonly closing = new AbortController();

  constructor(
    private readonly db: Database,
    private readonly storage: DocumentStorage,
    private readonly reader: Reader,
    private readonly log: Logger,
  ) {}

  /** The documents that an earlier process has not read to their end. To be asked for before this one takes any. */
  async leftovers(): Promise<readonly string[]> {
    const left = await this.db.read.find(Document, {
      where: { status: "PROCESSING" },
      select: { id: true },
      order: { id: "ASC" },
    });
    return left.map(({ id }) => id);
  }

  /** Goes on with them. */
  recover(leftovers: readonly string[]): void {
    for (const id of leftovers) void this.begin(id);
  }

  /** Begins to read a document whose row says PROCESSING. Ends, and never fails, when it has been read or given up. */
  begin(id: string): Promise<void> {
    const stop = new AbortController();
    const done = this.read(id, stop.signal)
      .catch((error: unknown) => this.log.error({ err: error, documentId: id }, "could not write what a reading gave"))
      .finally(() => this.underWay.delete(id));
    this.underWay.set(id, { stop, done });
    return done;
  }

  /** Gives up documents whose rows are gone. When this ends, nothing writes into their files any more. */
  async abandon(ids: readonly string[]): Promise<void> {
    const readings = ids.flatMap((id) => this.underWay.get(id) ?? []);
    for (const { stop } of readings) stop.abort();
    await Promise.all(readings.map(({ done }) => done));
  }

  /**
   * Waits until no document of a session is PROCESSING.
   *
   * @param most in milliseconds
   * @returns false where that is over first
   * @throws what the signal was given with
   */
  async settled(sessionId: string, signal: AbortSignal, most: number): Promise<boolean> {
    const deadline = Date.now() + most;
    for (;;) {
      const open = await this.db.read.find(Document, {
        where: { sessionId, status: "PROCESSING" },
        select: { id: true },
      });
      if (open.length === 0) return true;
      const left = deadline - Date.now();
      if (left <= 0) return false;

      const enough = new AbortController();
      const patience = AbortSignal.any([signal, enough.signal]);
      const readings = open.flatMap(({ id }) => this.underWay.get(id)?.done ?? []);
      const time = delay(Math.min(left, lookAgain), undefined, { signal: patience }).catch(() => undefined);
      await Promise.race([...readings, time]);
      enough.abort();
      signal.throwIfAborted();
    }
  }

  /** Gives up what is being read: the next start reads it. To be called when the reader has been closed. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.underWay.values()].map(({ done }) => done));
  }

  private async read(id: string, signal: AbortSignal): Promise<void> {
    const turn: { hasCome: boolean; files?: ReadingFiles } = { hasCome: false };
    const stop = AbortSignal.any([signal, this.closing.signal]);
    const taskOf = async () => {
      turn.hasCome = await this.persistently(() => this.countBegun(id), stop);
      if (!turn.hasCome) return undefined;
      turn.files = await this.persistently(() => this.storage.filesToRead(id, stop), stop, isPassing);
      return turn.files;
    };
    try {
      const reading = (await this.reader.read(taskOf, signal)) ?? stoppedTooOften;
      if (reading.kind === "read") await this.persistently(() => turn.files?.keepIndex(), stop, isPassing);
      else await this.persistently(() => this.storage.removeIndex(id), stop, isPassing);
      await this.write(id, reading);
    } catch (error) {
      if (signal.aborted) return;
      if (this.closing.signal.aborted || error instanceof ProcessFailed) {
        // The server stops, and not because of this document.
        if (turn.hasCome) await this.uncount(id);
        return;
      }
      this.log.error({ err: error, documentId: id }, "could not read a document");
      await this.write(id, { kind: "failed", reason: "The server could not read it. Its log says why." });
    } finally {
      await turn.files?.release();
    }
  }

  /** @returns false where the document is gone, or has been begun often enough */
  private async countBegun(id: string): Promise<boolean> {
    const { affected } = await this.db.transaction((manager) =>
      manager.update(
        Document,
        { id, status: "PROCESSING", readings: LessThan(mostReadings) },
        { readings: () => "readings + 1" },
      ),
    );
    return affected === 1;
  }

  private async uncount(id: string): Promise<void> {
    await this.db.transaction((manager) =>
      manager.update(Document, { id, status: "PROCESSING" }, { readings: () => "readings - 1" }),
    );
  }

  /** Says in the row how the reading ended. Where the row is gone, nothing is left of the document. */
  private async write(id: string, reading: Reading): Promise<void> {
    const end =
      reading.kind === "read"
        ? ({ status: "READY", error: null } as const)
        : ({ status: "FAILED", error: reading.reason } as const);
    const { affected } = await this.persistently(
      () => this.db.transaction((manager) => manager.update(Document, { id, status: "PROCESSING" }, end)),
      this.closing.signal,
    );
    if (affected !== 1) await this.storage.remove([id]);
  }

  /** Asks the database or the store again as long as it fails in a way that may pass, and the work is wanted. */
  private async persistently<Result>(
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
        await delay(pause, undefined, { signal: stop }).catch(() => undefined);
      }
    }
  }
}

const isPassing = (error: unknown): boolean => error instanceof StorageUnavailable;

const stoppedTooOften: Reading = {
  kind: "failed",
  reason: `The server stopped ${mostReadings} times while it was being read.`,
};
