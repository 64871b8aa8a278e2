import type { Piece } from "./pdf-piece";
import { DrawnPieces, repeatedChars } from "./pdf-repetition";

export interface Line {
  text: string;
  readonly first: Piece;
  last: Piece;
  size: number;
  /** Whether pieces of it are far apart, as in the row of a table. */
  hasColumns: boolean;
}

/** All in multiples of the size of the letters. A larger gap between two lines separates paragraphs. */
const maxLineGap = 1.8;
/** A larger gap separates words; the space between two words is about a quarter. */
const minWordGap = 0.15;
/** A larger gap separates columns. */
const minColumnGap = 2;
/** A larger distance from the line is another line; raised and lowered letters are below it. */
const maxRise = 0.5;
/** A smaller piece this far above the line is a mark of a footnote or an exponent. */
const minRise = 0.15;

/** A larger ratio of the sizes of two lines separates a heading from its text. */
const maxSizeRatio = 1.15;

/** The lines of a page, from its pieces in the order in which they are drawn. */
export function linesOf(pieces: Iterable<Piece>): Line[] {
  const lines: Line[] = [];
  const drawn = new DrawnPieces();
  let line: Line | undefined;
  for (const piece of pieces) {
    if (drawn.isDrawnAgain(piece)) continue;
    if (line && isOnLine(line.last, piece)) {
      const repeated = repeatedChars(line.last, piece);
      if (repeated > 0) extend(line, piece, repeated);
      else append(line, piece);
    } else {
      line = { text: piece.text, first: piece, last: piece, size: piece.size, hasColumns: false };
      lines.push(line);
    }
  }
  return lines.filter(({ text }) => text.trim() !== "");
}

/** The text of lines, with an empty line after each paragraph that the layout shows. */
export function textOf(lines: readonly Line[]): string {
  const compounds = new Set(
    lines.flatMap(({ text }) => wordsOf(text.toLowerCase()).filter((word) => word.includes("-"))),
  );
  const parts: string[] = [];
  let last: Line | undefined;
  for (const line of lines) {
    const before = parts.at(-1) ?? "";
    if (last && isNewParagraph(last, line)) parts.push("\n\n");
    else if (last) parts.splice(-1, 1, ...joint(before, line.text, compounds));
    parts.push(line.text);
    last = line;
  }
  return parts.join("").replaceAll(softHyphen, "");
}

/** Adds a piece to the end of a line. */
export function append(line: Line, piece: Piece): void {
  const gap = gapBetween(line.last, piece) / Math.max(line.last.size, piece.size);
  const isFarApart = gap > minColumnGap;
  if (isFarApart) line.text = `${line.text.trimEnd()}\t${piece.text.trimStart()}`;
  else
    line.text +=
      (gap > minWordGap || piece.hasSpace || isFootnoteMark(line, piece) ? separator(line.text, piece.text) : "") +
      piece.text;
  line.hasColumns ||= isFarApart;
  line.last = piece;
  line.size = Math.max(line.size, piece.size);
}

/** Adds a piece whose first characters are drawn over the end of a line. */
function extend(line: Line, piece: Piece, repeatedChars: number): void {
  const added = piece.text.slice(repeatedChars);
  const { text, start, end } = line.last;
  line.text += added;
  line.last = { ...piece, text: text + added, start, end: Math.max(end, piece.end) };
}

const separator = (before: string, after: string) => (/\s$/.test(before) || /^\s/.test(after) ? "" : " ");

const isOnLine = (last: Piece, next: Piece): boolean =>
  last.direction === next.direction && Math.abs(last.across - next.across) <= maxRise * Math.max(last.size, next.size);

/** In either direction, as texts of right-to-left scripts continue on the left. */
const gapBetween = (last: Piece, next: Piece): number => Math.max(next.start - last.end, last.start - next.end);

/** The number of a footnote belongs to a word, and an exponent to a unit, which is shorter. */
const isFootnoteMark = ({ text, last }: Line, { text: mark, size, across }: Piece): boolean =>
  size < last.size &&
  across - last.across > minRise * last.size &&
  /^\d{1,3}$/.test(mark) &&
  /\p{L}{4}$/u.test(text.slice(-8));

function isNewParagraph(above: Line, below: Line): boolean {
  const [small, large] = above.size < below.size ? [above.size, below.size] : [below.size, above.size];
  const gap = above.first.across - below.first.across;
  // A text that continues further up is in another column.
  return (
    above.first.direction !== below.first.direction ||
    gap < 0 ||
    gap > maxLineGap * large ||
    large > small * maxSizeRatio ||
    (above.hasColumns && below.hasColumns)
  );
}

const softHyphen = "\u00ad";
const hyphens = new Set(["-", "\u2010", softHyphen]);

/** The words of a text, with the hyphens within and after them. */
const wordsOf = (text: string): string[] => text.split(/[^\p{L}\u2010\u00ad-]+/u);

const maxWordChars = 100;

/** A line and what follows it: nothing if a hyphen splits a word there, which is kept if the page has it within a line. */
function joint(line: string, next: string, compounds: ReadonlySet<string>): string[] {
  const text = line.trimEnd();
  const before = wordsOf(text.slice(-maxWordChars)).at(-1) ?? "";
  const hyphen = before.at(-1) ?? "";
  const part = before.slice(0, -1);
  const after = wordsOf(next.slice(0, maxWordChars))[0] ?? "";
  if (!hyphens.has(hyphen) || part === "" || !/^\p{Ll}/u.test(after)) return [line, "\n"];
  const isCompound = part.includes("-") || compounds.has(`${part}-${after}`.toLowerCase());
  return [text.slice(0, hyphen !== softHyphen && isCompound ? undefined : -1)];
}
