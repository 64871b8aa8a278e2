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

/** Formats that are written in plain characters, and yet are not to be read as they stand. */
const unreadable = /^(?:%PDF-|%!PS|\{\\rtf|<\?xml|<svg[\s>])/i;

/** By the tags that the MIME Sniffing Standard tells HTML by (https://mimesniff.spec.whatwg.org, section 7.1). */
const html = /^<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>]/i;

const markdown = new RegExp(
  [
    /^#{1,6} +\S/, // heading
    /^ {0,3}(?:```|~~~)/, // fenced code
    /\[[^\]\n]+\]\([^)\s]+\)/, // link
    /^ {0,3}\|?(?: *:?-{3,}:? *\|)+(?: *:?-{3,}:? *)?$/, // line between the head and the body of a table
  ]
    .map(({ source }) => source)
    .join("|"),
  "mu",
);

/** Readers look for it in so many bytes, since some programs write something in front (ISO 32000-1, annex H.3.4.1). */
const pdfMarkWithin = 1_024;

export const isPdf = (bytes: Buffer): boolean => bytes.subarray(0, pdfMarkWithin).includes("%PDF-");

/** By what the archive says of its main part, as its other parts, and their names, are the same for several formats. */
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

/** What a text is, told by what stands in it. Undefined where it can't be read as it stands. */
export function textTypeOf(text: string): TextType | undefined {
  const start = startOf(text);
  if (html.test(start)) return "text/html";
  if (unreadable.test(start)) return undefined;
  if (isJson(text)) return "application/json";
  if (tableOf(text)) return "text/csv";
  return markdown.test(text) ? "text/markdown" : "text/plain";
}

/** The first tag behind white space, comments and an XML declaration that introduces HTML. */
function startOf(text: string): string {
  const [before = ""] = /^\s*(?:<!--(?:(?!-->)[^])*-->\s*)*/.exec(text.slice(0, 100_000)) ?? [];
  const start = text.slice(before.length, before.length + 2_000);
  const [, behind] = /^<\?xml[^>]*>\s*((?:<!doctype html|<html)[^]*)/i.exec(start) ?? [];
  return behind ?? start;
}

/** A lone number or word is JSON too, and yet nobody means it so. */
function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
