import type { Piece } from "./pdf-piece";

/** A larger shift of the same letters is a repetition that is shown; in multiples of their size. */
const maxShift = 0.15;

/** The pieces of a page, to find those that are drawn over themselves, a little to the side, to make them bold. */
export class DrawnPieces {
  private readonly byPlace = new Map<string, Piece[]>();

  /** @returns whether the piece was drawn before; otherwise it counts as drawn from now on */
  isDrawnAgain(piece: Piece): boolean {
    const { text, start, across, size, direction } = piece;
    const unit = Math.max(1, Math.round(size));
    const placeAt = (x: number, y: number) =>
      `${direction} ${unit} ${Math.floor(x / unit)} ${Math.floor(y / unit)} ${text}`;
    const shift = maxShift * size;
    // Shifted by less than a unit, it is in the same place or in one beside it.
    const places = [start - shift, start + shift].flatMap((x) =>
      [across - shift, across + shift].map((y) => placeAt(x, y)),
    );
    const isNear = (other: Piece) => Math.abs(other.start - start) <= shift && Math.abs(other.across - across) <= shift;
    if (places.some((place) => this.byPlace.get(place)?.some(isNear))) return true;
    const key = placeAt(start, across);
    const pieces = this.byPlace.get(key);
    if (pieces) pieces.push(piece);
    else this.byPlace.set(key, [piece]);
    return false;
  }
}

/** A share of the width of the repeated characters; they are not all as wide as their average. */
const minOverlap = 0.5;
/** A word is not longer. */
const maxRepeatedChars = 100;

/**
 * The number of characters of a piece that repeat the end of the one before it, which it is drawn over. PDF.js combines
 * a word that is drawn again with the next word.
 */
export function repeatedChars(last: Piece, { text, start, end, across, size }: Piece): number {
  const overlap = last.end - start;
  if (start < last.start - maxShift * size || Math.abs(last.across - across) > maxShift * size) return 0;
  for (let chars = Math.min(text.length, last.text.length, maxRepeatedChars); chars > 0; chars--) {
    const width = ((end - start) * chars) / text.length;
    const isOver = overlap > minOverlap * width && overlap < width / minOverlap;
    if (isOver && last.text.endsWith(text.slice(0, chars))) return chars;
  }
  return 0;
}
