import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { type Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

export interface ContentDigest {
  /** In bytes. */
  readonly size: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/** Writes a stream into a new file, synced to disk. */
export function writeHashed(content: Readable, path: string): Promise<ContentDigest> {
  return pipeHashed(content, createWriteStream(path, { flags: "wx", mode: 0o600, flush: true }));
}

export function digestFile(path: string): Promise<ContentDigest> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return pipeHashed(createReadStream(path), nowhere);
}

async function pipeHashed(content: Readable, target: Writable): Promise<ContentDigest> {
  const hash = createHash("sha256");
  let size = 0;
  const digest = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(content, digest, target);
  return { size, sha256: hash.digest("hex") };
}
