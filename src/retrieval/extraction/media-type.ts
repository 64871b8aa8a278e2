import type { Archive } from "./archive";
import { tableOf } from "./table";
import { UnreadableError } from "./unreadable-error";

const textTypes = ["text/plain", "text/markdown", "text/csv", "text/html", "application/json"] as const;
const officeType = "application/vnd.openxmlformats-officedocument";
const archiveTypes = [
  `${officeType}.wordprocessingml.document`,
  `${officeType}.spreadsheetml.sheet`,
  `${officeType}.presentationml.presentation`,
  "application/vnd.oasis.opendocument.text",
] as const;

export type TextType = (typeof textTypes)[number];
export const isTextType = (type: MediaType): type is TextType => (textTypes as readonly MediaType[]).includes(type);
export type ArchiveType = (typeof archiveTypes)[number];
export type MediaType = TextType | ArchiveType | "application/pdf";
export const supportedMediaTypes: readonly MediaType[] = [...textTypes, "application/pdf", ...archiveTypes];

/** Formats that are encoded as text but have to be interpreted. */
const unsupportedStart = /^(?:%PDF-|%!PS|\{\\rtf|<\?xml|<svg[\s>])/i;

/** The tags that the MIME Sniffing Standard detects HTML by (https://mimesniff.spec.whatwg.org, section 7.1). */
const htmlStart = /^<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>]/i;

const markdown = new RegExp(
  [
    /^#{1,6} +\S/, // heading
    /^ {0,3}(?:```|~~~)/, // fenced code
    /\[[^\]\n]+\]\([^)\s]+\)/, // link
    /^ {0,3}\|?(?: *:?-{3,}:? *\|)+(?: *:?-{3,}:? *)?$/, // line between the header and the body of a table
  ]
    .map(({ source }) => source)
    .join("|"),
  "mu",
);

/** The marker may be preceded by other bytes, within this limit (ISO 32000-1, annex H.3.4.1). */
const maxPdfMarkerOffset = 1_024;

export const isPdf = (bytes: Buffer): boolean => bytes.subarray(0, maxPdfMarkerOffset).includes("%PDF-");

/** Detects by the declared type of the main part, because several formats have the same other parts. */
export async function archiveTypeOf(archive: Archive): Promise<ArchiveType | undefined> {
  try {
    if (archive.has(contentTypes)) {
      const declared = await archive.text(contentTypes);
      return archiveTypes.find((type) => declared.includes(`"${type}.main+xml"`));
    }
    const declared = archive.has("mimetype") ? await archive.text("mimetype", 100) : "";
    return archiveTypes.find((type) => type === declared.trim());
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw error;
  }
}

const contentTypes = "[Content_Types].xml";

/** @returns undefined if the text is in an unsupported format */
export function textTypeOf(text: string): TextType | undefined {
  const start = startOf(text);
  if (htmlStart.test(start)) return "text/html";
  if (unsupportedStart.test(start)) return undefined;
  if (isJson(text)) return "application/json";
  if (tableOf(text)) return "text/csv";
  return markdown.test(text) ? "text/markdown" : "text/plain";
}

/** The text after leading white space and comments, and after an XML declaration if HTML follows. */
function startOf(text: string): string {
  const [skipped = ""] = /^\s*(?:<!--(?:(?!-->)[^])*-->\s*)*/.exec(text.slice(0, 100_000)) ?? [];
  const start = text.slice(skipped.length, skipped.length + 2_000);
  const [, htmlAfterDeclaration] = /^<\?xml[^>]*>\s*((?:<!doctype html|<html)[^]*)/i.exec(start) ?? [];
  return htmlAfterDeclaration ?? start;
}

/** A single number or word is valid JSON too, but is treated as plain text. */
function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
