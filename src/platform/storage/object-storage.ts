import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  ContentMissingError,
  type DocumentStorage,
  indexName,
  parseFilename,
  type ReadingFiles,
  type StagedContent,
  type StoredFile,
} from "./document-storage";
import { type AcquiredCopy, LocalCache } from "./local-cache";
import { digestFile, writeHashed } from "./hashing-writer";
import { type S3Bucket, S3Error } from "./s3-bucket";

/** The size of the local cache, without the files in use. */
const maxCacheBytes = 1_000_000_000;
const maxConcurrentDeletes = 16;
/** A process touches its cache folder at this interval. A folder that was not touched for an hour is from a crash. */
const heartbeatIntervalMs = 60_000;
const deadAfterMs = 60 * heartbeatIntervalMs;
/** An unused file is evicted after this time, because another server may have deleted the document. */
const unusedLifetimeMs = 60 * 60 * 1_000;

/**
 * Stores documents in an S3-compatible bucket that any number of servers can share. Content and indexes that workers open
 * are cached in a local folder of this process.
 */
export class ObjectStorage implements DocumentStorage {
  private readonly folder: string;
  private readonly cache: LocalCache;
  private heartbeat: NodeJS.Timeout | undefined;

  /** @param root contains the cache folder of each process */
  constructor(
    private readonly bucket: S3Bucket,
    private readonly root: string,
  ) {
    this.folder = join(root, randomUUID());
    this.cache = new LocalCache(this.folder, maxCacheBytes, (name, path) => this.download(name, path));
  }

  async open(): Promise<void> {
    await this.bucket.check().catch(throwWithAdvice);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await this.deleteFoldersOfDeadProcesses();
    this.heartbeat = setInterval(() => {
      const now = new Date();
      const work = [utimes(this.folder, now, now), this.cache.evictUnused(now.getTime() - unusedLifetimeMs)];
      void Promise.allSettled(work);
    }, heartbeatIntervalMs).unref();
  }

  async stage(id: string, content: Readable): Promise<StagedContent> {
    const path = this.cache.newPath(id);
    const discard = () => rm(path, { force: true });
    try {
      const digest = await writeHashed(content, path);
      const keep = async () => {
        await this.bucket.put(id, { ...digest, path });
        await this.cache.add(id, path, digest.size);
      };
      return { ...digest, path, keep, discard };
    } catch (error) {
      await discard();
      throw error;
    }
  }

  read(id: string, signal: AbortSignal): Promise<Readable | undefined> {
    return this.bucket.read(id, signal);
  }

  async filesToRead(id: string, signal: AbortSignal): Promise<ReadingFiles> {
    const [content] = await this.acquire([id], signal);
    if (!content) throw new ContentMissingError();
    const indexPath = this.cache.newPath(indexName(id));
    let isKept = false;
    return {
      path: content.path,
      indexPath,
      keepIndex: async () => {
        const digest = await digestFile(indexPath);
        await this.bucket.put(indexName(id), { ...digest, path: indexPath });
        await this.cache.add(indexName(id), indexPath, digest.size);
        isKept = true;
      },
      release: async () => {
        content.release();
        if (!isKept) await rm(indexPath, { force: true });
      },
    };
  }

  async withIndexes<Result>(
    ids: readonly string[],
    use: (paths: ReadonlyMap<string, string>) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const copies = await this.acquire(ids.map(indexName), signal);
    try {
      const paths = ids.flatMap((id, i): [string, string][] => (copies[i] ? [[id, copies[i].path]] : []));
      return await use(new Map(paths));
    } finally {
      for (const copy of copies) copy?.release();
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    const names = ids.flatMap((id) => [id, indexName(id)]);
    await this.cache.evict(names);
    const queue = [...names];
    const deleteQueued = async () => {
      for (let name = queue.pop(); name !== undefined; name = queue.pop()) await this.bucket.delete(name);
    };
    await Promise.all(Array.from({ length: maxConcurrentDeletes }, deleteQueued));
  }

  async removeIndex(id: string): Promise<void> {
    await this.cache.evict([indexName(id)]);
    await this.bucket.delete(indexName(id));
  }

  async *list(): AsyncIterable<StoredFile> {
    for await (const { name, writtenAt } of this.bucket.list()) {
      const file = parseFilename(name);
      if (file) yield { ...file, writtenAt: () => Promise.resolve(writtenAt) };
    }
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.bucket.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Acquires all or nothing. @returns undefined for each object that does not exist */
  private async acquire(names: readonly string[], signal: AbortSignal): Promise<(AcquiredCopy | undefined)[]> {
    const pending = names.map((name) => this.cache.acquire(name));
    try {
      return await unlessAborted(Promise.all(pending), signal);
    } catch (error) {
      for (const copy of pending) {
        copy.then(
          (acquired) => acquired?.release(),
          () => undefined,
        );
      }
      throw error;
    }
  }

  private async download(name: string, path: string): Promise<number | undefined> {
    return (await this.bucket.download(name, path)) ? (await stat(path)).size : undefined;
  }

  private async deleteFoldersOfDeadProcesses(): Promise<void> {
    for (const name of await readdir(this.root)) {
      const folder = join(this.root, name);
      const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Infinity }));
      if (Date.now() - mtimeMs > deadAfterMs) await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Adds to an error of the bucket what to do about it. */
function throwWithAdvice(error: unknown): never {
  if (!(error instanceof S3Error)) throw error;
  const advice: Readonly<Record<string, string>> = {
    NoSuchBucket: "Create the bucket, or configure another one.",
    InvalidAccessKeyId: "Check AWS_ACCESS_KEY_ID.",
    SignatureDoesNotMatch: "Check AWS_SECRET_ACCESS_KEY.",
    ExpiredToken: "Renew AWS_SESSION_TOKEN.",
    InvalidToken: "Check AWS_SESSION_TOKEN.",
    AccessDenied: "Allow these credentials to list the bucket and to get, put and delete its objects.",
  };
  throw new Error(`${error.message}. ${advice[error.code] ?? "Check the bucket, `endpoint` and `region`."}`);
}

/** @throws the signal's reason if it is aborted first */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
