import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** An hour is longer than any upload takes, so that what is older and belongs to nothing was left by a crash. */
const leftoverAge = 60 * 60 * 1_000;

export interface StoredBytes {
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/** Keeps the bytes and the indexes of documents in one folder, under the documents' ids. */
export class DocumentStorage {
  constructor(private readonly folder: string) {}

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  pathOf(id: string): string {
    return join(this.folder, id);
  }

  indexPathOf(id: string): string {
    return join(this.folder, `${id}.index`);
  }

  /** Writes a stream to disk, down to the medium, and hashes it on the way. Where it fails, `remove` is still to be called. */
  async write(id: string, content: Readable): Promise<StoredBytes> {
    const hash = createHash("sha256");
    let size = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    await pipeline(content, measure, createWriteStream(this.pathOf(id), { flags: "wx", mode: 0o600, flush: true }));
    return { size, sha256: hash.digest("hex") };
  }

  async remove(ids: readonly string[]): Promise<void> {
    const paths = ids.flatMap((id) => [this.pathOf(id), this.indexPathOf(id)]);
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }

  async removeIndex(id: string): Promise<void> {
    await rm(this.indexPathOf(id), { force: true });
  }

  /** Removes what a crash left behind: old files of documents that `isKnown` does not know. */
  async sweep(isKnown: (ids: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
    const names = await readdir(this.folder);
    const known = await isKnown([...new Set(names.map(idOf))]);
    for (const name of names.filter((each) => !known.has(idOf(each)))) {
      const path = join(this.folder, name);
      // It is not there where it has been removed meanwhile.
      const written = await stat(path).catch(() => undefined);
      if (written && Date.now() - written.mtimeMs > leftoverAge) await rm(path, { force: true });
    }
  }
}

/** Of the document that a file belongs to. */
const idOf = (filename: string): string => filename.replace(/\..*$/, "");
