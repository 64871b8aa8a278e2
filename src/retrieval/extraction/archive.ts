import type { Readable } from "node:stream";
import { zipSync } from "fflate";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { damaged, encrypted, UnreadableError } from "./unreadable-error";

/** No office document has nearly as many parts. */
const maxEntries = 10_000;

/** What all that is read of an archive may come to, in bytes, whatever the archive says of itself. */
const maxUnpackedBytes = 200_000_000;

/** The parts that text stands in. Others, such as pictures, are never unpacked. */
const textPart = /^[\w[\]. /-]+\.(?:xml|rels)$/i;

/**
 * Reads a ZIP archive that may have been made to do harm. What comes out is counted while it is unpacked: what the
 * archive says of its sizes is not believed, and entries that share or nest their data are counted each.
 */
export class Archive {
  private unpackedBytes = 0;

  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @returns undefined where the bytes are no archive, or none of a size that a document has */
  static async open(bytes: Buffer): Promise<Archive | undefined> {
    if (bytes.subarray(0, 2).toString() !== zipMark) return undefined;
    try {
      const zip = await fromBufferPromise(bytes, { lazyEntries: true, validateEntrySizes: false });
      if (zip.entryCount > maxEntries) return undefined;
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        if (!entries.has(entry.fileName)) entries.set(entry.fileName, entry);
      }
      return new Archive(zip, entries);
    } catch {
      return undefined;
    }
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /**
   * The text of an entry, with no more than `most` bytes of it where that is given.
   *
   * @throws Unreadable where there is none, or it is damaged, encrypted or too large
   */
  async text(name: string, most = Infinity): Promise<string> {
    return new TextDecoder().decode(await this.unpack(name, most));
  }

  /**
   * An archive of our own with the text parts of this one, for libraries that unpack by themselves: nothing in it
   * is compressed, and nothing says what it isn't.
   *
   * @throws Unreadable
   */
  async repacked(): Promise<Uint8Array> {
    const parts: Record<string, Uint8Array> = {};
    for (const name of this.entries.keys()) {
      if (textPart.test(name)) parts[name] = await this.unpack(name);
    }
    return zipSync(parts, { level: 0 });
  }

  private async unpack(name: string, most = Infinity): Promise<Buffer> {
    const entry = this.entries.get(name);
    if (!entry) throw new UnreadableError(`It is damaged: its part ${name} is missing.`);
    if (entry.isEncrypted()) throw encrypted();

    const chunks: Buffer[] = [];
    let size = 0;
    const stream = await this.zip.openReadStreamPromise(entry).catch(damaged);
    for await (const chunk of whole(stream)) {
      size += (chunk as Buffer).length;
      this.unpackedBytes += (chunk as Buffer).length;
      if (this.unpackedBytes > maxUnpackedBytes) {
        throw new UnreadableError(`It unpacks to more than ${maxUnpackedBytes / 1_000_000} MB.`);
      }
      chunks.push(chunk as Buffer);
      if (size >= most) break;
    }
    return Buffer.concat(chunks).subarray(0, most === Infinity ? size : most);
  }
}

const zipMark = "PK";

async function* whole(stream: Readable): AsyncGenerator {
  try {
    yield* stream;
  } catch (error) {
    damaged(error);
  }
}
