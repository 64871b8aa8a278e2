import { Archive } from "./archive";
import {
  type ArchiveType,
  archiveTypeOf,
  isPdf,
  isTextType,
  type MediaType,
  type TextType,
  textTypeOf,
} from "./media-type";
import { openDocumentPassages } from "./open-document";
import type { Passage } from "./passage";
import { pdfPassages } from "./pdf";
import { markdownPassages, plainPassages } from "./prose";
import { slidePassages } from "./slides";
import { sheetPassages } from "./spreadsheet";
import { tableOf } from "./table";
import { damaged } from "./unreadable-error";
import { leafPassages, rowPassages } from "./records";
import { readableText } from "./web-page";
import { wordPassages } from "./word";

/**
 * Detects the type of a file by its content. Text is tried first, because a text may begin with the marker of another
 * format.
 *
 * @returns undefined if the type is not supported
 */
export async function detectMediaType(bytes: Buffer): Promise<MediaType | undefined> {
  const text = decoded(bytes);
  const textType = text === undefined ? undefined : textTypeOf(text);
  if (textType !== undefined) return textType;
  if (isPdf(bytes)) return "application/pdf";
  const archive = await Archive.open(bytes);
  return archive && (await archiveTypeOf(archive));
}

/**
 * The passages of a file. Iterating over them may throw too.
 *
 * @param type the result of `detectMediaType`, which is not called again because it parses CSV and JSON
 * @throws {UnreadableError} if the file is damaged or encrypted
 * @throws {RangeError} if it is nested too deeply
 */
export async function passagesOf(bytes: Buffer, type: MediaType): Promise<Iterable<Passage> | AsyncIterable<Passage>> {
  if (type === "application/pdf") return pdfPassages(bytes);
  if (isTextType(type)) return textPassages(decoded(bytes) ?? damaged(), type);
  return archivePassages((await Archive.open(bytes)) ?? damaged(), type);
}

function textPassages(text: string, type: TextType): Iterable<Passage> {
  switch (type) {
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

function archivePassages(archive: Archive, type: ArchiveType): AsyncIterable<Passage> {
  switch (type) {
    case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
      return sheetPassages(archive);
    case "application/vnd.openxmlformats-officedocument.presentationml.presentation":
      return slidePassages(archive);
    case "application/vnd.oasis.opendocument.text":
      return openDocumentPassages(archive);
    case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
      return wordPassages(archive);
  }
}

const byteOrderMarks = [
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
] as const;

/** The text of a file in UTF-8, or in the encoding of its byte order mark. @returns undefined if it is not text */
function decoded(bytes: Buffer): string | undefined {
  const [encoding = "utf-8"] = byteOrderMarks.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte)) ?? [];
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    // Text has no control characters, except those for layout and for colours on a terminal.
    // eslint-disable-next-line no-control-regex
    return /[\0-\x06\x0e-\x1a\x1c-\x1f\x7f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
