import { readSync, writeSync } from "node:fs";
import type { Detection, ReadFailure } from "./document-reader";
import { detectMediaType, passagesOf } from "./extraction/content";
import type { MediaType } from "./extraction/media-type";
import { bounded, type Passage } from "./extraction/passage";
import { reasonOf, withoutText } from "./extraction/unreadable-error";

/**
 * The script of a sandboxed process that reads one document. It gets a line of JSON, the task, and the document on
 * standard input, and writes what it finds to standard output, as lines of JSON.
 */
export type ExtractorTask = {
  /** The number of bytes that follow the line. */
  readonly bytes: number;
} & (
  | { readonly kind: "detect"; /** False if the bytes are the beginning of the document. */ readonly isWhole: boolean }
  | { readonly kind: "extract"; readonly mediaType: MediaType }
);

export type ExtractorLine =
  /** The libraries are loaded; from now on, the time is the document's. */
  | { readonly kind: "ready" }
  | { readonly kind: "passages"; readonly passages: readonly Passage[] }
  | Detection
  | ReadFailure
  /** All passages were written. */
  | { readonly kind: "end" };

const standardInput = 0;
const standardOutput = 1;

/** Longer than the line of a task. */
const maxTaskBytes = 1_000;

/** Passages are written in lines of about this length. */
const lineChars = 60_000;

/** Waits for the task. */
function read(): { task: ExtractorTask; content: Buffer } {
  const start = Buffer.alloc(maxTaskBytes);
  let length = 0;
  let end = -1;
  while (end < 0) {
    const added = readSync(standardInput, start, length, maxTaskBytes - length, null);
    // Nobody needs this process any more.
    if (added === 0) process.exit();
    length += added;
    end = start.subarray(0, length).indexOf("\n");
  }
  const task = JSON.parse(start.subarray(0, end).toString()) as ExtractorTask;
  const content = Buffer.alloc(task.bytes);
  let size = start.copy(content, 0, end + 1, length);
  while (size < task.bytes) {
    const added = readSync(standardInput, content, size, task.bytes - size, null);
    if (added === 0) process.exit();
    size += added;
  }
  return { task, content };
}

function write(line: ExtractorLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  let written = 0;
  while (written < bytes.length) written += writeSync(standardOutput, bytes, written);
}

async function detect(content: Buffer, isWhole: boolean): Promise<void> {
  const mediaType = await detectMediaType(content, isWhole);
  write(mediaType ? { kind: "detected", mediaType } : { kind: "unsupported" });
}

async function extract(content: Buffer, mediaType: MediaType): Promise<void> {
  let passages: Passage[] = [];
  let chars = 0;
  let isEmpty = true;
  const flush = () => {
    if (passages.length > 0) write({ kind: "passages", passages });
    [passages, chars] = [[], 0];
  };
  for await (const passage of await passagesOf(content, mediaType)) {
    const sent = bounded(passage);
    isEmpty = false;
    passages.push(sent);
    chars += sent.quote.length + (sent.searchText ?? "").length + (sent.heading ?? "").length;
    if (chars >= lineChars) flush();
  }
  if (isEmpty) throw withoutText();
  flush();
  write({ kind: "end" });
}

write({ kind: "ready" });
const { task, content } = read();
const done = task.kind === "detect" ? detect(content, task.isWhole) : extract(content, task.mediaType);
done.catch((error: unknown) => {
  const reason = reasonOf(error);
  if (reason === undefined) throw error;
  write({ kind: "failed", reason });
});
