import type { TextContent } from "pdfjs-dist/types/src/display/api";
import type { Piece } from "./pdf-piece";

/** Characters that PDF.js returns for glyphs if a font does not say which letters they show. */
// eslint-disable-next-line no-control-regex
const unknownLetter = /[\0-\x08\x0e-\x1f\x7f-\x9f\ufffd\uffff]/g;

/** A font with a larger share of such characters is not read, as its other letters are wrong too. */
const maxUnknownShare = 0.3;
/** So is one with a larger share if few letters are small, as are those of fonts whose codes are shifted. */
const maxUnknownShareOfShifted = 0.08;
const minSmallShare = 0.5;

export interface PageText {
  readonly pieces: readonly Piece[];
  /** The number of characters in fonts that do not say which letters they show. */
  readonly unreadableChars: number;
}

/** The pieces of the text of a page. */
export function piecesOf({ items, styles }: TextContent): PageText {
  const texts = items.filter((item) => "str" in item).filter(({ str }) => str !== "");
  const unreadable = unreadableFonts(texts);
  const pieces: Piece[] = [];
  let unreadableChars = 0;
  let hasSpace = false;
  for (const { str, transform, width, height, fontName } of texts) {
    if (unreadable.has(fontName)) {
      unreadableChars += str.length;
      continue;
    }
    const text = str.replace(unknownLetter, " ");
    // PDF.js fills gaps with spaces; how wide they are shows between the pieces that they separate.
    if (text.trim() === "") hasSpace = true;
    else {
      const isVertical = styles[fontName]?.vertical ?? false;
      pieces.push({ text, hasSpace, ...placeOf(transform as number[], width, height, isVertical) });
      hasSpace = false;
    }
  }
  return { pieces, unreadableChars };
}

function placeOf(
  transform: readonly number[],
  width: number,
  height: number,
  isVertical: boolean,
): Pick<Piece, "start" | "end" | "across" | "size" | "direction"> {
  const [a = 1, b = 0, , , x = 0, y = 0] = transform;
  // Vertical text goes down, and its lines to the left.
  if (isVertical) return { start: -y, end: height - y, across: x, size: width || 1, direction: "vertical" };
  const angle = Math.atan2(b, a);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const start = x * cos + y * sin;
  const direction = String(Math.round((angle * 180) / Math.PI));
  return { start, end: start + width, across: y * cos - x * sin, size: height || 1, direction };
}

function unreadableFonts(items: readonly { readonly str: string; readonly fontName: string }[]): ReadonlySet<string> {
  const texts = new Map<string, string[]>();
  for (const { str, fontName } of items) {
    const text = texts.get(fontName);
    if (text) text.push(str);
    else texts.set(fontName, [str]);
  }
  return new Set([...texts].filter(([, text]) => isUnreadable(text.join(""))).map(([fontName]) => fontName));
}

function isUnreadable(text: string): boolean {
  const count = (characters: RegExp) => text.match(characters)?.length ?? 0;
  const unknown = count(unknownLetter) / text.length;
  if (unknown <= maxUnknownShareOfShifted) return false;
  return unknown > maxUnknownShare || count(/\p{Ll}/gu) < minSmallShare * count(/\p{L}/gu);
}
