import { tableOf } from "./table";

export const supportedMediaTypes = [
  "text/plain",
  "text/markdown",
  "text/csv",
  "text/html",
  "application/json",
] as const;
export type MediaType = (typeof supportedMediaTypes)[number];

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

/** What a text is, told by what stands in it. Undefined where it can't be read as it stands. */
export function mediaTypeOf(text: string): MediaType | undefined {
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
