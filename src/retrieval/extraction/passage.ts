/** A part of a document that can answer by itself. */
export interface Passage {
  /** Word for word as it stands in the document. */
  readonly quote: string;
  /** What it says, where the quote alone does not: a row with its columns' names, a value with its path. */
  readonly searchText?: string;
  /** What it stands under, and is found by too. */
  readonly heading?: string;
  /** The page or slide it stands on, from 1, where the format has them. */
  readonly page?: number;
}

/** Longer ones would hide what answers in what does not. In characters. */
export const maxQuoteLength = 1_000;
