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
