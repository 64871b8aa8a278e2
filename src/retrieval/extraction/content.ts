import { Archive } from "./archive";
import { type ArchiveType, archiveTypeOf, isPdf, type MediaType, type TextType, textTypeOf } from "./media-type";
import { openDocumentPassages } from "./open-document";
import type { Passage } from "./passage";
import { pdfPassages } from "./pdf";
import { markdownPassages, plainPassages } from "./prose";
import { slidePassages } from "./slides";
import { sheetPassages } from "./spreadsheet";
import { tableOf } from "./table";
import { leafPassages, rowPassages } from "./records";
import { readableText } from "./web-page";
import { wordPassages } from "./word";

/** What is in a file whose type is known. */
export interface Content {
  readonly mediaType: MediaType;
  /** @throws Unreadable, RangeError where it is nested too deeply */
  passages(): Iterable<Passage> | AsyncIterable<Passage>;
}

/**
 * Tells by its bytes what a file is; undefined where it is nothing that can be read. Whether it is text is asked first,
 * as a text may begin with whatever tells another format.
 */
export async function contentOf(bytes: Buffer): Promise<Content | undefined> {
  const text = decoded(bytes);
  const textType = text === undefined ? undefined : textTypeOf(text);
  if (text !== undefined && textType !== undefined) {
    return { mediaType: textType, passages: () => textPassages(text, textType) };
  }
  if (isPdf(bytes)) return { mediaType: "application/pdf", passages: () => pdfPassages(bytes) };
  const archive = await Archive.open(bytes);
  const archiveType = archive && (await archiveTypeOf(archive));
  return archiveType && { mediaType: archiveType, passages: () => archivePassages(archive, archiveType) };
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
