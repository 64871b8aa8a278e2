import type { Readable } from "node:stream";
import type { ContentDigest } from "./hashing-writer";

/** The store does not answer, or not as it should. That may pass. */
export class StorageUnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StorageUnavailable";
  }
}

/** The bytes of a document are not where they were put. */
export class ContentMissingError extends Error {
  constructor() {
    super("The bytes of this document are not in the store");
    this.name = "BytesMissing";
  }
}

/** The content of an upload in a local file. The caller must call either `keep` or `discard`. */
export interface StagedContent extends ContentDigest {
  readonly path: string;
  /** Stores the content durably under the document's id. If this fails, `remove` and `discard` must still be called. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** The files that a document is read by: its bytes, and where its index is to be written. */
export interface ReadingFiles {
  readonly path: string;
  readonly indexPath: string;
  /** Keeps the index that has been written. */
  keepIndex(): Promise<void>;
  /** To be called whatever has happened. An index that isn't kept by then may be gone. */
  release(): Promise<void>;
}

/** A file or an object of the store that is named like a document's. */
export interface StoredFile {
  /** Of the document. */
  readonly id: string;
  readonly isIndex: boolean;
  /** When it was written last, in milliseconds; undefined where it has been removed meanwhile. */
  writtenAt(): Promise<number | undefined>;
}

/**
 * Keeps the bytes and the indexes of documents, under the documents' ids.
 *
 * Everything throws StorageUnavailable where the store can't be reached, or takes nothing for now.
 */
export interface DocumentStorage {
  /**
   * Writes a stream into a local file, to be inspected before it is kept or discarded. If the process dies in between,
   * the sweep of orphans or the cleanup of dead processes' folders deletes the file.
   */
  stage(id: string, content: Readable): Promise<StagedContent>;

  /** The bytes, to be read once, by somebody who may be slow. */
  read(id: string, signal: AbortSignal): Promise<Readable | undefined>;

  /** @throws BytesMissing */
  filesToRead(id: string, signal: AbortSignal): Promise<ReadingFiles>;

  /**
   * Lends the indexes of documents as files that other processes can open, by the documents' ids, for as long as `use`
   * takes. Those of documents that are gone may be left out.
   */
  withIndexes<Result>(
    ids: readonly string[],
    use: (paths: ReadonlyMap<string, string>) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>;

  /** Removes the bytes and the indexes. Those that are gone already are no fault. */
  remove(ids: readonly string[]): Promise<void>;

  removeIndex(id: string): Promise<void>;

  /** Everything that is named like a document's. What is named otherwise belongs to somebody else. */
  list(): AsyncIterable<StoredFile>;

  close(): Promise<void>;
}

const indexSuffix = ".index";
const shape = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(\.index)?$/;

export const indexName = (id: string): string => id + indexSuffix;

/** What a file is by its name; undefined where it is none of a document. */
export function namedFile(name: string): Pick<StoredFile, "id" | "isIndex"> | undefined {
  const [, id, suffix] = shape.exec(name) ?? [];
  return id === undefined ? undefined : { id, isIndex: suffix !== undefined };
}
