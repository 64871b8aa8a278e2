import { createReadStream, createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { type MediaType, mediaTypeOf } from "./media-type";
import type { Passage } from "./passage";
import { markdownPassages, plainPassages } from "./prose";
import { bestPassages } from "./ranking";
import type { FindTask, FoundPassage, ReadTask, Reading } from "./reader";
import { tableOf } from "./table";
import { leafPassages, rowPassages } from "./values";
import { readableText } from "./web-page";

/** Reads a document, and writes its passages into a file, one a line, as JSON. */
export async function read({ path, passagesPath }: ReadTask): Promise<Reading> {
  const text = decoded(await readFile(path));
  const mediaType = text === undefined ? undefined : mediaTypeOf(text);
  if (text === undefined || mediaType === undefined) return { kind: "unsupported" };
  try {
    const lines = jsonLines(passagesOf(text, mediaType));
    await pipeline(lines, createWriteStream(passagesPath, { mode: 0o600, flush: true }));
    return { kind: "read", mediaType };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { kind: "failed", mediaType, reason: "Its parts are nested too deeply to be read." };
  }
}

/** Finds the passages of documents that answer a question best. */
export async function find({ documents, question, earlier, most }: FindTask): Promise<FoundPassage[]> {
  const passages: FoundPassage[] = [];
  for (const { id, passagesPath } of documents) {
    for await (const line of createInterface({ input: createReadStream(passagesPath), crlfDelay: Infinity })) {
      passages.push({ ...(JSON.parse(line) as Passage), documentId: id });
    }
  }
  return bestPassages(passages, question, earlier, most);
}

function passagesOf(text: string, mediaType: MediaType): Iterable<Passage> {
  switch (mediaType) {
    case "application/json":
      return leafPassages(text);
    case "text/csv":
      return rowPassages(tableOf(text) ?? { header: [], rows: [] });
    case "text/html":
      return markdownPassages(readableText(text));
    case "text/markdown":
      return markdownPassages(text);
    case "text/plain":
      return plainPassages(text);
  }
}

function* jsonLines(passages: Iterable<Passage>): Generator<string> {
  for (const passage of passages) yield `${JSON.stringify(passage)}\n`;
}

const byteOrderMarks = [
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
] as const;

/** The text of a file; undefined where its bytes are none. Without a mark that says otherwise, it must be UTF-8. */
function decoded(bytes: Buffer): string | undefined {
  const [encoding = "utf-8"] = byteOrderMarks.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte)) ?? [];
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    // Control characters other than those that lay out text, or colour it on a terminal, stand in no text.
    // eslint-disable-next-line no-control-regex
    return /[\0-\x06\x0e-\x1a\x1c-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
