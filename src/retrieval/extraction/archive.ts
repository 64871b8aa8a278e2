import type { Readable } from "node:stream";
import { zipSync } from "fflate";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { damaged, encrypted, UnreadableError } from "./unreadable-error";

/** Far more than any office document has. */
const maxEntries = 10_000;

/** The limit of the bytes that are unpacked from one archive, whatever sizes the archive declares. */
const maxUnpackedBytes = 200_000_000;

/** The parts that contain text. Others, such as pictures, are never unpacked. */
const textPart = /^[\w[\]. /-]+\.(?:xml|rels)$/i;

/**
 * Reads a ZIP archive that may be malicious. Unpacked bytes are counted as they come out: declared sizes are ignored, and
 * entries that share or nest their data count each.
 */
export class Archive {
  private unpackedBytes = 0;

  private constructor(
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** @returns undefined if the bytes are not an archive, or the archive has too many entries */
  static async open(bytes: Buffer): Promise<Archive | undefined> {
    if (bytes.subarray(0, 2).toString() !== zipSignature) return undefined;
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
   * The text of an entry, cut off after `maxBytes`.
   *
   * @throws {UnreadableError} if the entry is missing, damaged, encrypted or too large
   */
  async text(name: string, maxBytes = Infinity): Promise<string> {
    return new TextDecoder().decode(await this.unpack(name, maxBytes));
  }

  /**
   * A safe archive of the text parts of this one, for libraries that unpack archives themselves: nothing in it is
   * compressed, and its declared sizes are true.
   *
   * @throws {UnreadableError}
   */
  async repacked(): Promise<Uint8Array> {
    const parts: Record<string, Uint8Array> = {};
    for (const name of this.entries.keys()) {
      if (textPart.test(name)) parts[name] = await this.unpack(name);
    }
    return zipSync(parts, { level: 0 });
  }

  private async unpack(name: string, maxBytes = Infinity): Promise<Buffer> {
    const entry = this.entries.get(name);
    if (!entry) throw new UnreadableError(`It is damaged: its part ${name} is missing.`);
    if (entry.isEncrypted()) throw encrypted();

    const chunks: Buffer[] = [];
    let size = 0;
    const stream = await this.zip.openReadStreamPromise(entry).catch(damaged);
    for await (const chunk of damageReported(stream)) {
      size += (chunk as Buffer).length;
      this.unpackedBytes += (chunk as Buffer).length;
      if (this.unpackedBytes > maxUnpackedBytes) {
        throw new UnreadableError(`It unpacks to more than ${maxUnpackedBytes / 1_000_000} MB.`);
      }
      chunks.push(chunk as Buffer);
      if (size >= maxBytes) break;
    }
    return Buffer.concat(chunks).subarray(0, maxBytes === Infinity ? size : maxBytes);
  }
}

const zipSignature = "PK";

/** Reports errors of the stream as a damaged document. */
async function* damageReported(stream: Readable): AsyncGenerator {
  try {
    yield* stream;
  } catch (error) {
    damaged(error);
  }
}
