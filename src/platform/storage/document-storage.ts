import type { Readable } from "node:stream";
import type { ContentDigest } from "./hashing-writer";

/** The storage is unavailable; a retry may succeed. */
export class StorageUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StorageUnavailableError";
  }
}

export class ContentMissingError extends Error {
  constructor() {
    super("The storage has no content of this document");
    this.name = "ContentMissingError";
  }
}

/** The content of an upload in a local file. The caller must call either `keep` or `discard`. */
export interface StagedContent extends ContentDigest {
  readonly path: string;
  /** Stores the content durably under the document's id. If this fails, `remove` and `discard` must still be called. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** Local files for indexing a document. */
export interface ReadingFiles {
  readonly path: string;
  readonly indexPath: string;
  /** Stores the index that was written to `indexPath`. */
  keepIndex(): Promise<void>;
  /** Must always be called. Deletes an index that was not kept. */
  release(): Promise<void>;
}

/** A file or an object whose name has the form of a document's. */
export interface StoredFile {
  /** The id of the document. */
  readonly id: string;
  readonly isIndex: boolean;
  /** The time of the last write, in milliseconds; undefined if the file is gone. */
  writtenAt(): Promise<number | undefined>;
}

/**
 * Stores the content and the indexes of documents under the documents' ids. Every method throws
 * {@link StorageUnavailableError} if the storage is unreachable or temporarily accepts no writes.
 */
export interface DocumentStorage {
  /**
   * Writes a stream into a local file, to be inspected before it is kept or discarded. If the process dies in between,
   * the sweep of orphans or the cleanup of dead processes' folders deletes the file.
   */
  stage(id: string, content: Readable): Promise<StagedContent>;

  /**
   * The content, for a reader that may be slow.
   *
   * @returns undefined if there is none
   */
  read(id: string, signal: AbortSignal): Promise<Readable | undefined>;

  /** @throws {ContentMissingError} */
  filesToRead(id: string, signal: AbortSignal): Promise<ReadingFiles>;

  /**
   * Provides the indexes of documents as local files, by document id, until `use` has settled. Indexes of deleted
   * documents may be missing.
   */
  withIndexes<Result>(
    ids: readonly string[],
    use: (paths: ReadonlyMap<string, string>) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>;

  /** Deletes the content and the indexes. Ignores files that do not exist. */
  remove(ids: readonly string[]): Promise<void>;

  removeIndex(id: string): Promise<void>;

  /** All files whose names have the form of a document's. Others are not ours. */
  list(): AsyncIterable<StoredFile>;

  close(): Promise<void>;
}

const indexSuffix = ".index";
const filenamePattern = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(\.index)?$/;

export const indexName = (id: string): string => id + indexSuffix;

/** @returns undefined if the name does not have the form of a document's */
export function parseFilename(name: string): Pick<StoredFile, "id" | "isIndex"> | undefined {
  const [, id, suffix] = filenamePattern.exec(name) ?? [];
  return id === undefined ? undefined : { id, isIndex: suffix !== undefined };
}
