import { mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  type DocumentStorage,
  indexName,
  parseFilename,
  type ReadingFiles,
  type StagedContent,
  StorageUnavailableError,
  type StoredFile,
} from "./document-storage";
import { writeHashed } from "./hashing-writer";

/** Error codes of a disk that temporarily accepts no writes. */
const diskErrors: ReadonlySet<unknown> = new Set(["EDQUOT", "EFBIG", "EIO", "ENOSPC", "EROFS"]);

/** Stores documents in a local folder. */
export class FolderStorage implements DocumentStorage {
  constructor(private readonly folder: string) {}

  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  async stage(id: string, content: Readable): Promise<StagedContent> {
    // The file has its final name from the start: a rename would need a second flush, of the folder.
    const path = this.pathOf(id);
    const discard = () => rm(path, { force: true });
    try {
      const digest = await writeHashed(content, path);
      return { ...digest, path, keep: () => Promise.resolve(), discard };
    } catch (error) {
      await discard();
      const { code } = error as NodeJS.ErrnoException;
      throw diskErrors.has(code) ? new StorageUnavailableError(`The disk accepts no writes: ${code}`) : error;
    }
  }

  async read(id: string): Promise<Readable | undefined> {
    try {
      return (await open(this.pathOf(id))).createReadStream();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async filesToRead(id: string): Promise<ReadingFiles> {
    const nothing = () => Promise.resolve();
    return { path: this.pathOf(id), indexPath: this.pathOf(indexName(id)), keepIndex: nothing, release: nothing };
  }

  withIndexes<Result>(
    ids: readonly string[],
    use: (paths: ReadonlyMap<string, string>) => Promise<Result>,
  ): Promise<Result> {
    return use(new Map(ids.map((id) => [id, this.pathOf(indexName(id))])));
  }

  async remove(ids: readonly string[]): Promise<void> {
    const paths = ids.flatMap((id) => [this.pathOf(id), this.pathOf(indexName(id))]);
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }

  async removeIndex(id: string): Promise<void> {
    await rm(this.pathOf(indexName(id)), { force: true });
  }

  async *list(): AsyncIterable<StoredFile> {
    for (const name of await readdir(this.folder)) {
      const file = parseFilename(name);
      if (!file) continue;
      const writtenAt = () =>
        stat(this.pathOf(name)).then(
          ({ mtimeMs }) => mtimeMs,
          () => undefined,
        );
      yield { ...file, writtenAt };
    }
  }

  async close(): Promise<void> {
    // Nothing to close.
  }

  private pathOf(name: string): string {
    return join(this.folder, name);
  }
}
