import { isJsonLines, isLog } from "./line-formats";
import { isMail } from "./mail-format";
import { type ArchiveType, archiveTypes } from "./office-type";
import { tableOf } from "./table";

const textTypes = ["text/plain", "text/markdown", "text/csv", "text/html", "application/json"] as const;
export type TextType = (typeof textTypes)[number];
export const isTextType = (type: MediaType): type is TextType => (textTypes as readonly MediaType[]).includes(type);
export type MediaType = TextType | ArchiveType | "application/pdf" | "message/rfc822";
export const supportedMediaTypes: readonly MediaType[] = [
  ...textTypes,
  "application/pdf",
  ...archiveTypes,
  "message/rfc822",
];

/** Formats that are encoded as text but have to be interpreted. */
const unsupportedStart = /^(?:%PDF-|%!PS|\{\\rtf|<\?xml|<svg[\s>])/i;

/** The elements of HTML (https://html.spec.whatwg.org, section 4), those that are obsolete, and custom ones. */
const htmlStart =
  /^<(?:!doctype html|a|abbr|acronym|address|area|article|aside|audio|b|base|basefont|bdi|bdo|big|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark|marquee|menu|meta|meter|nav|nobr|noscript|object|ol|optgroup|option|output|p|picture|pre|progress|q|ruby|s|samp|script|search|section|select|small|source|span|strike|strong|style|sub|summary|sup|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|var|video|wbr|[a-z][a-z\d]*-[\w.-]+)(?:[\s/>]|$)/i;

const markdownSyntax = [
  /^#{1,6} +\S/mu, // heading
  /^ {0,3}(?:```|~~~)/mu, // fenced code
  /^(?<=(?:^|\n)\r?\n|^(?<![^])) {0,3}[^\s|][^\n]{0,100}\n {0,3}(?:=+|-{2,})[^\S\n]*$/mu, // underlined heading
  /^(?<=(?:^|\n)\r?\n|^(?<![^])) {0,3}[^\s|][^\n]{0,100}\n {0,3}[^\s|=][^\n]{0,100}\n {0,3}=+[^\S\n]*$/mu, // underlined heading of two lines
  /\[[^\][\n]+\]\([^()\s]+[()]/u, // link
  /^ {0,3}\|?(?: *:?-{3,}:? *\|)+(?: *:?-{3,}:? *)?$/mu, // line between the header and the body of a table
];

/** The marker may be preceded by other bytes, within this limit (ISO 32000-1, annex H.3.4.1). */
const maxPdfMarkerOffset = 1_024;

export const isPdf = (bytes: Buffer): boolean => bytes.subarray(0, maxPdfMarkerOffset).includes("%PDF-");

/**
 * @param isWhole false if the text goes on
 * @returns undefined if the text is in an unsupported format
 */
export async function textTypeOf(text: string, isWhole: boolean): Promise<TextType | "message/rfc822" | undefined> {
  const start = startOf(text);
  if (htmlStart.test(start)) return "text/html";
  if (unsupportedStart.test(start)) return undefined;
  if (isMail(text)) return "message/rfc822";
  if (await isJson(text, isWhole)) return "application/json";
  if (isJsonLines(text)) return "text/plain";
  // The codes of colours on a terminal have semicolons.
  if (!text.includes("\u001b[") && tableOf(text, isWhole)) return "text/csv";
  if (isLog(text)) return "text/plain";
  return markdownSyntax.some((syntax) => syntax.test(text)) ? "text/markdown" : "text/plain";
}

/** The text after leading white space and comments, and after an XML declaration if HTML follows. */
function startOf(text: string): string {
  const [skipped = ""] = /^\s*(?:<!--(?:(?!-->)[^])*-->\s*)*/.exec(text.slice(0, 100_000)) ?? [];
  const start = text.slice(skipped.length, skipped.length + 2_000);
  const [, htmlAfterDeclaration] = /^<\?xml[^>]*>\s*((?:<!doctype html|<html)[^]*)/i.exec(start) ?? [];
  return htmlAfterDeclaration ?? start;
}

/** A single number or word is valid JSON too, but is treated as plain text. */
async function isJson(text: string, isWhole: boolean): Promise<boolean> {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    if (!isWhole) return await isJsonUpToEnd(text);
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a text is the beginning of JSON, so that its only faults are that something is missing at its end. */
async function isJsonUpToEnd(text: string): Promise<boolean> {
  const { visit } = await import("jsonc-parser");
  let isJson = true;
  const onError = (_error: unknown, offset: number, length: number) => {
    if (offset + length < text.length) isJson = false;
  };
  try {
    visit(text, { onError }, { disallowComments: true });
  } catch (error) {
    // The visitor calls itself; what is nested so deeply is no other format.
    if (!(error instanceof RangeError)) throw error;
  }
  return isJson;
}
