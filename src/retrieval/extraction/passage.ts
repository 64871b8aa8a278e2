/** Stands between the headings above a passage, the outermost first. */
export const headingSeparator = " › ";

/** A part of a document that can answer a question on its own. */
export interface Passage {
  /** Verbatim from the document. */
  readonly quote: string;
  /** Set if the quote lacks its context: a row with the names of its columns, a value with its path. */
  readonly searchText?: string;
  /** The headings above it, which are searched too. */
  readonly heading?: string;
  /** The page or slide, from 1, if the format has them. */
  readonly page?: number;
}

/** In a longer quote, the answer would be hard to find. */
export const maxQuoteChars = 1_000;

/** No row or value of a usual document is longer with the names that belong to it. */
const maxSearchChars = 50_000;

/** A heading is repeated for each passage below it. */
const maxHeadingChars = 1_000;

/** A passage whose context is cut off if it is very long, so that the text of a document can't multiply. */
export const bounded = ({ quote, searchText, heading, page }: Passage): Passage => ({
  quote,
  ...(searchText === undefined ? {} : { searchText: searchText.slice(0, maxSearchChars) }),
  ...(heading === undefined ? {} : { heading: heading.slice(0, maxHeadingChars) }),
  ...(page === undefined ? {} : { page }),
});
