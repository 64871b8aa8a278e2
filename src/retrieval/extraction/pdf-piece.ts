/** A part of the text of a page. Its direction of writing is that of the coordinates, whatever way the page is turned. */
export interface Piece {
  readonly text: string;
  /** Its start and its end along its line. */
  readonly start: number;
  readonly end: number;
  /** The place of its line: upwards, or to the right for vertical writing. */
  readonly across: number;
  readonly size: number;
  /** Whether white space is before it. */
  readonly hasSpace: boolean;
  /** Pieces of different directions are never on one line. */
  readonly direction: string;
}
