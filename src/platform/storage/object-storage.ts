import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  ContentMissingError,
  type DocumentStorage,
  indexName,
  namedFile,
  type ReadingFiles,
  type StagedContent,
  type StoredFile,
} from "./document-storage";
import { type AcquiredCopy, LocalCache } from "./local-cache";
import { digestFile, writeHashed } from "./hashing-writer";
import { type S3Bucket, S3Error } from "./s3-bucket";

/** What copies of objects may take in this machine together, beside those that are being used, in bytes. */
const mostCopied = 1_000_000_000;
/** So many objects are removed side by side. */
const removals = 16;
/** A process says in its folder of copies that it lives, so often; one that hasn't for so long has crashed. */
const signOfLife = 60_000;
const longSilence = 60 * signOfLife;
/** A copy that is not used for so long is removed: its document may have been deleted by another server. */
const copyLifetime = 60 * 60 * 1_000;

/**
 * Keeps documents in an S3-compatible store, which any number of servers can share, and copies in a folder of this
 * process of what has to be a file: what is read, and what is searched.
 */
export class ObjectStorage implements DocumentStorage {
  private readonly folder: string;
  private readonly copies: LocalCache;
  private pulse: NodeJS.Timeout | undefined;

  /** @param root where processes have their folders of copies */
  constructor(
    private readonly bucket: S3Bucket,
    private readonly root: string,
  ) {
    this.folder = join(root, randomUUID());
    this.copies = new LocalCache(this.folder, mostCopied, (name, path) => this.copy(name, path));
  }

  async open(): Promise<void> {
    await this.bucket.check().catch(advise);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await this.removeFoldersOfTheDead();
    this.pulse = setInterval(() => {
      const now = new Date();
      const done = [utimes(this.folder, now, now), this.copies.evictUnused(now.getTime() - copyLifetime)];
      void Promise.allSettled(done);
    }, signOfLife).unref();
  }

  async stage(id: string, content: Readable): Promise<StagedContent> {
    const path = this.copies.newPath(id);
    const discard = () => rm(path, { force: true });
    try {
      const digest = await writeHashed(content, path);
      const keep = async () => {
        await this.bucket.put(id, { ...digest, path });
        await this.copies.add(id, path, digest.size);
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
    const [content] = await this.borrow([id], signal);
    if (!content) throw new ContentMissingError();
    const indexPath = this.copies.newPath(indexName(id));
    let isKept = false;
    return {
      path: content.path,
      indexPath,
      keepIndex: async () => {
        const bytes = await digestFile(indexPath);
        await this.bucket.put(indexName(id), { ...bytes, path: indexPath });
        await this.copies.add(indexName(id), indexPath, bytes.size);
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
    const borrowed = await this.borrow(ids.map(indexName), signal);
    try {
      const found = ids.flatMap((id, i): [string, string][] => (borrowed[i] ? [[id, borrowed[i].path]] : []));
      return await use(new Map(found));
    } finally {
      for (const copy of borrowed) copy?.release();
    }
  }

  async remove(ids: readonly string[]): Promise<void> {
    const names = ids.flatMap((id) => [id, indexName(id)]);
    await this.copies.evict(names);
    const left = [...names];
    const removal = async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) await this.bucket.delete(name);
    };
    await Promise.all(Array.from({ length: removals }, removal));
  }

  async removeIndex(id: string): Promise<void> {
    await this.copies.evict([indexName(id)]);
    await this.bucket.delete(indexName(id));
  }

  async *list(): AsyncIterable<StoredFile> {
    for await (const { name, writtenAt } of this.bucket.list()) {
      const file = namedFile(name);
      if (file) yield { ...file, writtenAt: () => Promise.resolve(writtenAt) };
    }
  }

  async close(): Promise<void> {
    clearInterval(this.pulse);
    await this.bucket.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Copies, each undefined where there is no such object. Whoever gives up waiting has borrowed nothing. */
  private async borrow(names: readonly string[], signal: AbortSignal): Promise<(AcquiredCopy | undefined)[]> {
    const borrowing = names.map((name) => this.copies.acquire(name));
    try {
      return await unlessAborted(Promise.all(borrowing), signal);
    } catch (error) {
      for (const each of borrowing) {
        each.then(
          (copy) => copy?.release(),
          () => undefined,
        );
      }
      throw error;
    }
  }

  private async copy(name: string, path: string): Promise<number | undefined> {
    return (await this.bucket.download(name, path)) ? (await stat(path)).size : undefined;
  }

  private async removeFoldersOfTheDead(): Promise<void> {
    for (const name of await readdir(this.root)) {
      const folder = join(this.root, name);
      const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Infinity }));
      if (Date.now() - mtimeMs > longSilence) await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Says what to do where the store refuses to be used. */
function advise(error: unknown): never {
  if (!(error instanceof S3Error)) throw error;
  const advice: Readonly<Record<string, string>> = {
    NoSuchBucket: "Make the bucket, or name another.",
    InvalidAccessKeyId: "Check AWS_ACCESS_KEY_ID.",
    SignatureDoesNotMatch: "Check AWS_SECRET_ACCESS_KEY.",
    ExpiredToken: "Renew AWS_SESSION_TOKEN.",
    InvalidToken: "Check AWS_SESSION_TOKEN.",
    AccessDenied: "Allow these credentials to list the bucket and to get, put and delete its objects.",
  };
  throw new Error(`${error.message}. ${advice[error.code] ?? "Check the bucket, `endpoint` and `region`."}`);
}

/** @throws what the signal was given with */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
