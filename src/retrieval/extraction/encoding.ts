import { decode, encodingExists } from "iconv-lite";
import { detectEncoding } from "./encoding-detection";

/** Marks at the beginning of a text that name its encoding; that of UTF-32 begins with one of UTF-16. */
const byteOrderMarks = [
  ["utf-32le", [0xff, 0xfe, 0, 0]],
  ["utf-32be", [0, 0, 0xfe, 0xff]],
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
] as const;

/** The names of encodings in the first line of XML and in `<meta>` of HTML. */
const declaredCharset =
  /(?:<\?xml[^<>?]{1,100}\sencoding|<meta[^<>]{1,200}charset)\s?=\s?["']?((?:iso|windows|cp|koi|x-|shift|euc|gb|big5|ibm|mac|ks|latin|tis|us-)[\w-]{1,40})/i;

/** Names that the Web uses for a larger encoding (https://encoding.spec.whatwg.org). */
const labels: Readonly<Record<string, string>> = {
  "iso-8859-1": "windows-1252",
  "iso-8859-9": "windows-1254",
  "us-ascii": "windows-1252",
  latin1: "windows-1252",
  gb2312: "gb18030",
  gbk: "gb18030",
  "x-sjis": "shift_jis",
};

/** An encoding is declared at the beginning of a text, if at all (HTML Standard, 4.2.5.4). */
const maxDeclarationBytes = 1_024;

/** How much of the text around its first characters beyond ASCII is looked at to detect its encoding. */
const maxSampleBytes = 16_384;

/** A text in UTF-8 may have one damaged character for this many that are sound. */
const soundPerDamaged = 4;

/**
 * The text of a file: in Unicode, in the encoding that it declares, or else in the one that is detected.
 *
 * @param isWhole false if the bytes may end within a character
 * @returns undefined if it is not text
 */
export function decoded(bytes: Buffer, isWhole: boolean): string | undefined {
  const text = textOf(bytes, isWhole);
  if (text === undefined) return undefined;
  const shown = withNewlines(isWhole ? text.slice(0, endOf(text)) : text);
  return controlCharacter.test(shown) || (shown === "" && text !== "") ? undefined : shown.replaceAll("\u007f", "");
}

/** Text has none, except those for layout and for colours on a terminal, and the one of the delete key. */
// eslint-disable-next-line no-control-regex
const controlCharacter = /[\0-\x06\x0e-\x1a\x1c-\x1f]/;

/** A text whose lines end with a carriage return alone, as those of old programs, with the usual ends of lines. */
const withNewlines = (text: string): string => (text.includes("\n") ? text : text.replaceAll("\r", "\n"));

const endMarks = new Set(["\0", "\u001a"]);

/** The end of a text without the marks (Ctrl+Z) and the zeros that old programs write there, also before a line break. */
function endOf(text: string): number {
  let end = text.length;
  for (let i = text.length; i > 0; i--) {
    const last = text.charAt(i - 1);
    if (endMarks.has(last)) end = i - 1;
    else if (!/\s/.test(last)) break;
  }
  return end;
}

/** @returns undefined if the bytes are not in this encoding */
function decodedWith(encoding: string, bytes: Buffer, isWhole: boolean): string | undefined {
  if (!encodingExists(encoding)) return undefined;
  const text = decode(bytes, encoding);
  const damagedAt = text.indexOf("\ufffd");
  return damagedAt < 0 || (!isWhole && damagedAt === text.length - 1) ? text : undefined;
}

function decodedUtf8(bytes: Buffer, isWhole: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !isWhole });
  } catch {
    return undefined;
  }
}

function textOf(bytes: Buffer, isWhole: boolean): string | undefined {
  const marked = byteOrderMarks.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte))?.[0];
  if (marked !== undefined) return decodedWith(marked, bytes, isWhole);
  const head = bytes.subarray(0, maxSampleBytes);
  const unmarked = utf16Of(head);
  if (unmarked !== undefined) return decodedWith(unmarked, bytes, isWhole);
  // Its characters are made of ASCII after an escape sequence.
  if (head.includes("\u001b$B") || head.includes("\u001b$@"))
    return new TextDecoder("iso-2022-jp").decode(bytes, { stream: !isWhole });
  const utf8 = decodedUtf8(bytes, isWhole);
  if (utf8 !== undefined) return utf8;
  const declared = declaredCharset.exec(bytes.toString("latin1", 0, maxDeclarationBytes))?.[1]?.toLowerCase();
  const asDeclared = declared === undefined ? undefined : decodedWith(labels[declared] ?? declared, bytes, isWhole);
  if (asDeclared !== undefined) return asDeclared;
  const sample = sampleOf(bytes);
  if (isDamagedUtf8(sample)) return bytes.toString("utf8");
  const encoding = detectEncoding(sample);
  return encoding === undefined ? undefined : decodedWith(encoding, bytes, isWhole);
}

/**
 * UTF-16 without a mark: every other byte of text in Latin letters is zero. In other scripts, bytes that no other encoding
 * has are characters of one script.
 */
function utf16Of(head: Buffer): string | undefined {
  let [even, odd] = [0, 0];
  for (let i = 0; i < head.length; i++) {
    if (head[i] !== 0) continue;
    if (i % 2 === 0) even++;
    else odd++;
  }
  const min = head.length * 0.3;
  if (odd > min && even === 0) return "utf-16le";
  if (even > min && odd === 0) return "utf-16be";
  const bytes = head.toString("latin1");
  if (!controlCharacter.test(bytes.slice(0, endOf(bytes)))) return undefined;
  const [best] = ["utf-16le", "utf-16be"]
    .map((encoding) => ({ encoding, share: shareOfScript(decode(head, encoding)) }))
    .sort((one, other) => other.share - one.share);
  return best && best.share >= minScriptShare ? best.encoding : undefined;
}

const scripts = [
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/gu,
  /\p{sc=Hangul}/gu,
  /\p{sc=Cyrillic}/gu,
  /\p{sc=Greek}/gu,
  /\p{sc=Arabic}/gu,
  /\p{sc=Hebrew}/gu,
  /\p{sc=Thai}/gu,
  /\p{sc=Devanagari}/gu,
];
const minScriptShare = 0.8;
const minChars = 3;

/** The share of the letters beyond ASCII that are of one script; 0 if there are characters that no text has. */
function shareOfScript(text: string): number {
  if (/[\p{Cn}\p{Co}\p{Cs}\ufffd]/u.test(text.slice(0, -1)) || controlCharacter.test(text.trimEnd())) return 0;
  const letters = text.match(/[^\P{L}\p{ASCII}]/gu)?.length ?? 0;
  const others = text.match(/[^\p{L}\p{ASCII}\p{P}\p{N}\s]/gu)?.length ?? 0;
  if (letters < minChars) return 0;
  return Math.max(...scripts.map((script) => text.match(script)?.length ?? 0)) / (letters + others);
}

/** The lines that have bytes beyond ASCII, up to a limit. */
function sampleOf(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (let start = 0; start < bytes.length && length < maxSampleBytes;) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    for (let i = start; i < end; i++) {
      if ((bytes[i] ?? 0) < 0x80) continue;
      const part = bytes.subarray(Math.max(start, i - 200), Math.min(end, i + maxSampleBytes));
      parts.push(part);
      length += part.length;
      break;
    }
    start = end;
  }
  return Buffer.concat(parts).subarray(0, maxSampleBytes);
}

function isDamagedUtf8(sample: Buffer): boolean {
  let [sound, damaged] = [0, 0];
  for (const character of sample.toString("utf8")) {
    if (character === "\ufffd") damaged++;
    else if (character > "\u007f") sound++;
  }
  return sound >= soundPerDamaged * damaged;
}
