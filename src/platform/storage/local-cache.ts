import { rm } from "node:fs/promises";
import { join } from "node:path";

interface Copy {
  readonly path: string;
  /** False where there is nothing to be copied. */
  readonly filled: Promise<boolean>;
  /** Undefined while it is being copied. */
  bytes: number | undefined;
  borrowers: number;
  usedAt: number;
}

/** A copy that stays where it is until it is given back. */
export interface AcquiredCopy {
  readonly path: string;
  release(): void;
}

/**
 * Copies of what is kept elsewhere, in a folder that nobody else writes to, so that other processes can open them. Made
 * when they are asked for, once however many ask. They are removed, the longest unused first, as soon as they take more
 * than `maxBytes` together, but never while somebody uses them.
 */
export class LocalCache {
  /** The longest unused first. */
  private readonly copies = new Map<string, Copy>();
  private bytes = 0;
  private made = 0;

  /** @param fill makes the copy, and says how large it is; undefined where there is nothing to be copied */
  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
    private readonly fill: (name: string, path: string) => Promise<number | undefined>,
  ) {}

  /** Where a file may be written that has no copy yet. Each time another one. */
  newPath(name: string): string {
    return join(this.folder, `${name}.${++this.made}`);
  }

  /** Takes a file that was written here for the copy of what has just been put where it is kept. */
  async add(name: string, path: string, bytes: number): Promise<void> {
    await this.evict([name]);
    const copy: Copy = { path, filled: Promise.resolve(true), bytes: undefined, borrowers: 0, usedAt: Date.now() };
    this.copies.set(name, copy);
    this.grow(copy, bytes);
  }

  /** @returns undefined where there is nothing to be copied */
  async acquire(name: string): Promise<AcquiredCopy | undefined> {
    const copy = this.copies.get(name) ?? this.begin(name);
    this.copies.delete(name);
    this.copies.set(name, copy);
    copy.usedAt = Date.now();
    copy.borrowers++;
    let isReleased = false;
    const release = () => {
      if (!isReleased) copy.borrowers--;
      isReleased = true;
      this.trim();
    };
    try {
      if (await copy.filled) return { path: copy.path, release };
    } catch (error) {
      release();
      throw error;
    }
    release();
    return undefined;
  }

  /** Forgets copies, also such as are being used: what they are copies of is gone. */
  async evict(names: readonly string[]): Promise<void> {
    const dropped = names.flatMap((name) => {
      const copy = this.copies.get(name);
      this.copies.delete(name);
      this.bytes -= copy?.bytes ?? 0;
      return copy ?? [];
    });
    await Promise.all(dropped.map(({ path }) => rm(path, { force: true })));
  }

  /** Removes what has not been asked for since, as what it is a copy of may be gone. */
  async evictUnused(since: number): Promise<void> {
    const unused = [...this.copies].filter(([, { borrowers, bytes, usedAt }]) => {
      return borrowers === 0 && bytes !== undefined && usedAt < since;
    });
    await this.evict(unused.map(([name]) => name));
  }

  private begin(name: string): Copy {
    const path = this.newPath(name);
    return { path, filled: this.filled(name, path), bytes: undefined, borrowers: 0, usedAt: Date.now() };
  }

  private async filled(name: string, path: string): Promise<boolean> {
    let bytes: number | undefined;
    try {
      bytes = await this.fill(name, path);
    } finally {
      // It may have been dropped meanwhile.
      const copy = this.copies.get(name);
      const isCurrent = copy?.path === path;
      if (isCurrent && bytes !== undefined) {
        this.grow(copy, bytes);
      } else {
        bytes = undefined;
        if (isCurrent) this.copies.delete(name);
        await rm(path, { force: true });
      }
    }
    return bytes !== undefined;
  }

  private grow(copy: Copy, bytes: number): void {
    copy.bytes = bytes;
    this.bytes += bytes;
    this.trim();
  }

  private trim(): void {
    for (const [name, { borrowers, bytes }] of this.copies) {
      if (this.bytes <= this.maxBytes) return;
      if (borrowers === 0 && bytes !== undefined) void this.evict([name]);
    }
  }
}
