import { UnreadableError } from "./unreadable-error";

export interface Cell {
  /** As it is shown, except for dates, which are in ISO 8601. */
  readonly text: string;
  /** Whether a text was typed, not a number or a date. */
  readonly isText: boolean;
  readonly isBold: boolean;
}

/** The cells of a row by column, up to the last one that is not empty. */
export type SheetRow = readonly (Cell | undefined)[];

/** A limit of Excel. */
export const maxRows = 1_048_576;
export const maxColumns = 16_384;
export const maxSheets = 1_000;

export const outOfRange = () => new UnreadableError("It is damaged: a cell is outside of its sheet.");
export const tooManySheets = () => new UnreadableError(`It has more than ${maxSheets} sheets.`);

/** The text of a cell, in which Excel writes characters that XML does not allow as `_x000D_`. */
export const cellText = (text: string): string =>
  text
    .replace(/_x([\dA-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll("\r\n", "\n")
    .trim();
