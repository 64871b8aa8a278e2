import { rm } from "node:fs/promises";
import { join } from "node:path";

interface CacheEntry {
  readonly path: string;
  /** Resolves to false if there is nothing to cache. */
  readonly filled: Promise<boolean>;
  /** Undefined while the entry is being filled. */
  bytes: number | undefined;
  users: number;
  usedAt: number;
}

/** A cached file that stays in place until it is released. */
export interface AcquiredCopy {
  readonly path: string;
  release(): void;
}

/**
 * A cache of remote objects as local files, in a folder that no other process writes to. Concurrent requests for an
 * object share one download. If the files exceed `maxBytes` or `maxFiles`, the least recently used are evicted, except
 * those in use.
 */
export class LocalCache {
  /** Least recently used first. */
  private readonly entries = new Map<string, CacheEntry>();
  private bytes = 0;
  private pathCount = 0;

  /** @param fill writes the file and returns its size in bytes; undefined if there is nothing to cache */
  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
    private readonly fill: (name: string, path: string) => Promise<number | undefined>,
    /** Each file has an entry in memory, however small it is. */
    private readonly maxFiles = 20_000,
  ) {}

  /** A new, unused path on each call. */
  newPath(name: string): string {
    return join(this.folder, `${name}.${++this.pathCount}`);
  }

  /** Adds a file that was written to a path of `newPath`, after it was uploaded. */
  async add(name: string, path: string, bytes: number): Promise<void> {
    await this.evict([name]);
    const entry: CacheEntry = { path, filled: Promise.resolve(true), bytes: undefined, users: 0, usedAt: Date.now() };
    this.entries.set(name, entry);
    this.setBytes(entry, bytes);
  }

  /** @returns undefined if there is nothing to cache */
  async acquire(name: string): Promise<AcquiredCopy | undefined> {
    const entry = this.entries.get(name) ?? this.newEntry(name);
    this.entries.delete(name);
    this.entries.set(name, entry);
    entry.usedAt = Date.now();
    entry.users++;
    let isReleased = false;
    const release = () => {
      if (!isReleased) entry.users--;
      isReleased = true;
      this.trim();
    };
    try {
      if (await entry.filled) return { path: entry.path, release };
    } catch (error) {
      release();
      throw error;
    }
    release();
    return undefined;
  }

  /** Deletes entries, even those in use, because the remote objects are gone. */
  async evict(names: readonly string[]): Promise<void> {
    const evicted = names.flatMap((name) => {
      const entry = this.entries.get(name);
      this.entries.delete(name);
      this.bytes -= entry?.bytes ?? 0;
      return entry ?? [];
    });
    await Promise.all(evicted.map(({ path }) => rm(path, { force: true })));
  }

  /** Deletes entries that were last used before this time, because another server may have deleted the objects. */
  async evictUnused(since: number): Promise<void> {
    const unused = [...this.entries].filter(([, { users, bytes, usedAt }]) => {
      return users === 0 && bytes !== undefined && usedAt < since;
    });
    await this.evict(unused.map(([name]) => name));
  }

  private newEntry(name: string): CacheEntry {
    const path = this.newPath(name);
    return { path, filled: this.fillEntry(name, path), bytes: undefined, users: 0, usedAt: Date.now() };
  }

  private async fillEntry(name: string, path: string): Promise<boolean> {
    let bytes: number | undefined;
    try {
      bytes = await this.fill(name, path);
    } finally {
      // The entry may have been evicted during the download.
      const entry = this.entries.get(name);
      const isCurrent = entry?.path === path;
      if (isCurrent && bytes !== undefined) {
        this.setBytes(entry, bytes);
      } else {
        bytes = undefined;
        if (isCurrent) this.entries.delete(name);
        await rm(path, { force: true });
      }
    }
    return bytes !== undefined;
  }

  private setBytes(entry: CacheEntry, bytes: number): void {
    entry.bytes = bytes;
    this.bytes += bytes;
    this.trim();
  }

  private trim(): void {
    for (const [name, { users, bytes }] of this.entries) {
      if (this.bytes <= this.maxBytes && this.entries.size <= this.maxFiles) return;
      if (users === 0 && bytes !== undefined) void this.evict([name]);
    }
  }
}
