import type { Readable } from "node:stream";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { isArchive } from "./head";
import { damaged, encrypted, UnreadableError } from "./unreadable-error";

/** Far more than any office document has. */
const maxEntries = 10_000;

/** The limit of the bytes that are unpacked from one archive, whatever sizes the archive declares. */
const maxUnpackedBytes = 200_000_000;

/** The end of an archive without a comment, which begins with this mark. */
const endMark = Buffer.from("PK\u0005\u0006");
const minEndBytes = 22;

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

  /**
   * @returns undefined if the bytes are not an archive, or the archive has too many entries
   * @throws {UnreadableError} if it is a damaged archive of an Office document
   */
  static async open(bytes: Buffer): Promise<Archive | undefined> {
    if (!isArchive(bytes)) return undefined;
    try {
      const zip = await fromBufferPromise(withoutPadding(bytes), { lazyEntries: true, validateEntrySizes: false });
      if (zip.entryCount > maxEntries) return undefined;
      const entries = new Map<string, Entry>();
      for await (const entry of zip.eachEntry()) {
        // Names differ in case only for programs that do not know it.
        const name = entry.fileName.replace(/^\//, "").toLowerCase();
        if (!entries.has(name)) entries.set(name, entry);
      }
      return new Archive(zip, entries);
    } catch {
      return isOffice(bytes) ? damaged() : undefined;
    }
  }

  has(name: string): boolean {
    return this.entries.has(name.toLowerCase());
  }

  get names(): string[] {
    return [...this.entries.values()].map(({ fileName }) => fileName);
  }

  /**
   * The text of a short entry, cut off after `maxBytes`.
   *
   * @throws {UnreadableError} if the entry is missing, damaged, encrypted or too large
   */
  async text(name: string, maxBytes: number): Promise<string> {
    return (await this.bytes(name, maxBytes)).toString();
  }

  /** @throws {UnreadableError} */
  async bytes(name: string, maxBytes = Infinity): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.chunks(name, maxBytes)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** @throws {UnreadableError} */
  async *chunks(name: string, maxBytes = Infinity): AsyncGenerator<Buffer> {
    const entry = this.entries.get(name.toLowerCase());
    if (!entry) throw new UnreadableError(`It is damaged: its part ${name} is missing.`);
    if (entry.isEncrypted()) throw encrypted();

    let left = maxBytes;
    const stream = await this.zip.openReadStreamPromise(entry).catch(damaged);
    for await (const chunk of damageReported(stream)) {
      const bytes = (chunk as Buffer).subarray(0, left);
      this.unpackedBytes += bytes.length;
      if (this.unpackedBytes > maxUnpackedBytes) {
        throw new UnreadableError(`It unpacks to more than ${maxUnpackedBytes / 1_000_000} MB.`);
      }
      left -= bytes.length;
      yield bytes;
      if (left === 0) return;
    }
  }
}

/** The bytes up to the end that the archive declares: some servers pad what is downloaded. */
function withoutPadding(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf(endMark);
  if (end < 0 || end + minEndBytes > bytes.length) return bytes;
  return bytes.subarray(0, end + minEndBytes + bytes.readUInt16LE(end + minEndBytes - 2));
}

/** Whether the bytes are those of an Office document, even if they are cut off. */
const isOffice = (bytes: Buffer): boolean =>
  bytes.includes("[Content_Types].xml") ||
  bytes.subarray(0, 100).includes("mimetypeapplication/vnd.oasis.opendocument.");

/** Reports errors of the stream as a damaged document. */
async function* damageReported(stream: Readable): AsyncGenerator {
  try {
    yield* stream;
  } catch (error) {
    damaged(error);
  }
}
