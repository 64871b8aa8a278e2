import { Archive } from "./archive";
import { isEncryptedOffice } from "./compound-file";
import { decoded } from "./encoding";
import { isJsonLines, isLog } from "./line-formats";
import { isPdf, isTextType, type MediaType, type TextType, textTypeOf } from "./media-type";
import { type ArchiveType, archiveTypeOf } from "./office-type";
import type { Passage } from "./passage";
import { tableOf } from "./table";
import { damaged, encrypted, notText } from "./unreadable-error";

/**
 * Detects the type of a file by its content. Text is tried first, because a text may begin with the marker of another
 * format.
 *
 * @param bytes an archive, or the beginning of another file
 * @returns undefined if the type is not supported
 * @throws {UnreadableError} if it is a damaged or encrypted Office document
 */
export async function detectMediaType(bytes: Buffer, isWhole: boolean): Promise<MediaType | undefined> {
  const text = decoded(bytes, isWhole);
  const textType = text === undefined ? undefined : await textTypeOf(text, isWhole);
  if (textType !== undefined) return textType;
  if (isPdf(bytes)) return "application/pdf";
  if (isEncryptedOffice(bytes)) throw encrypted();
  const archive = await Archive.open(bytes);
  return archive && (await archiveTypeOf(archive));
}

/**
 * The passages of a file. Iterating over them may throw too.
 *
 * @param type the result of `detectMediaType`, which has seen only the beginning of a long file: a text that goes on
 *   differently is read as plain text
 * @throws {UnreadableError} if the file is damaged or encrypted
 * @throws {RangeError} if it is nested too deeply
 */
export async function passagesOf(bytes: Buffer, type: MediaType): Promise<Iterable<Passage> | AsyncIterable<Passage>> {
  if (type === "application/pdf") return (await import("./pdf.js")).pdfPassages(bytes);
  if (type === "message/rfc822") return (await import("./mail.js")).mailPassages(bytes);
  if (isTextType(type)) return textPassages(decoded(bytes, true) ?? notText(), type);
  return archivePassages((await Archive.open(bytes)) ?? damaged(), type);
}

// The modules of the other formats are not loaded, as they take longer to load than a short document to be read.

async function textPassages(text: string, type: TextType): Promise<Iterable<Passage>> {
  const { markdownPassages, plainPassages } = await import("./prose.js");
  switch (type) {
    case "application/json":
      return (await import("./records.js")).leafPassages(text);
    case "text/csv": {
      const table = tableOf(text, true);
      return table ? (await import("./records.js")).rowPassages(table) : plainPassages(text);
    }
    case "text/html":
      return markdownPassages((await import("./web-page.js")).readableText(text));
    case "text/markdown":
      return markdownPassages(text);
    case "text/plain": {
      const { jsonLinePassages, logPassages } = await import("./lines.js");
      if (isJsonLines(text)) return jsonLinePassages(text);
      return isLog(text) ? logPassages(text) : plainPassages(text);
    }
  }
}

async function archivePassages(archive: Archive, type: ArchiveType): Promise<AsyncIterable<Passage>> {
  switch (type) {
    case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
      return (await import("./spreadsheet.js")).sheetPassages(archive);
    case "application/vnd.openxmlformats-officedocument.presentationml.presentation":
      return (await import("./slides.js")).slidePassages(archive);
    case "application/vnd.oasis.opendocument.text":
      return (await import("./open-document.js")).openDocumentPassages(archive);
    case "application/vnd.oasis.opendocument.spreadsheet":
      return (await import("./open-spreadsheet.js")).openSheetPassages(archive);
    case "application/vnd.oasis.opendocument.presentation":
      return (await import("./open-slides.js")).openSlidePassages(archive);
    case "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
      return (await import("./word.js")).wordPassages(archive);
  }
}
