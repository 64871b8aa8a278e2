import type Database from "better-sqlite3";
import { Sqlite } from "../../platform/sqlite";
import { type Language, languageNamed } from "./language";
import type { Passage } from "../extraction/passage";

export interface IndexedPassage extends Passage {
  /** Ascending in the order of the document. */
  readonly id: number;
}

interface Row {
  readonly id: number;
  readonly quote: string;
  readonly said: string | null;
  readonly page: number | null;
  readonly heading: string | null;
}

/** A query has its rarest terms, as many as match this number of rows together. */
const maxMatches = 50_000;
/** The best candidates of each document are compared with those of the other documents. */
const maxByText = 100;
const maxHeadings = 10;
const maxByHeading = 30;

const row = "SELECT passage.id, quote, said, page, heading.text AS heading";
const passageOfId = `${row} FROM passage LEFT JOIN heading ON heading.id = passage.heading WHERE passage.id = ?`;
const passagesOfHeading = `${row} FROM heading JOIN passage ON passage.id BETWEEN first AND last
  WHERE heading.id = ? ORDER BY passage.id LIMIT ${maxByHeading}`;

/** Languages that write the parts of a compound as one word. */
const compoundingLanguages = new Set(["german", "dutch", "swedish", "danish", "norwegian", "finnish"]);
const minCompoundChars = 4;
const maxCompoundChars = 15;
/** In other languages, a stem is found by one with an ending that its stemmer leaves. */
const minStemChars = 5;
const minStemShare = 0.7;
const maxEndingChars = 3;
const maxVariants = 5;
/** Finding terms by their ends takes a scan of terms. */
const maxScannedTerms = 50_000;

/** An index that can be searched. */
export class PassageIndex {
  readonly language: Language;
  private readonly passagesWith: Database.Statement<[string], { doc: number }>;
  private readonly headingsWith: Database.Statement<[string], { doc: number }>;
  private readonly beginningWith: Database.Statement<[string, string], string>;
  private readonly endingWith: Database.Statement<[string], string>;
  private readonly variants = new Map<string, readonly string[]>();
  /** The number of its passages. */
  readonly size: number;

  private constructor(private readonly db: Database.Database) {
    const facts = db.prepare<[], { language: string }>("SELECT language FROM facts").get();
    if (!facts) throw new Error("The index of the document is incomplete");
    this.language = languageNamed(facts.language);
    this.passagesWith = db.prepare("SELECT doc FROM passage_frequency WHERE term = ?");
    this.headingsWith = db.prepare("SELECT doc FROM heading_frequency WHERE term = ?");
    this.beginningWith = db
      .prepare<[string, string], string>(
        `SELECT term FROM passage_frequency WHERE term > ? AND term < ? ORDER BY term LIMIT ${maxVariants}`,
      )
      .pluck();
    this.endingWith = db
      .prepare<[string], string>(
        `SELECT term FROM (SELECT term FROM passage_frequency LIMIT ${maxScannedTerms})
         WHERE term LIKE '%' || ? LIMIT ${maxVariants}`,
      )
      .pluck();
    this.size = db.prepare<[], number>("SELECT coalesce(max(id), 0) FROM passage").pluck().get() ?? 0;
  }

  /** @returns undefined if the file does not exist */
  static open(path: string): PassageIndex | undefined {
    try {
      return new PassageIndex(new Sqlite(path, { readonly: true, fileMustExist: true }));
    } catch (error) {
      if ((error as { code?: unknown }).code === "SQLITE_CANTOPEN") return undefined;
      throw error;
    }
  }

  /** In how many passages and headings a term occurs. */
  frequencyOf(term: string): number {
    return this.passagesOf(term) + this.headingsOf(term);
  }

  /**
   * The terms of this document that a term of a question stands for: itself, and those that it begins or ends, as the parts
   * of a compound do. If there are none, those that begin or end it. Undefined is the term of a stop word.
   *
   * @param isScan whether to look for those that it ends, which takes time; the result is kept for later calls
   */
  variantsOf(term: string | undefined, isScan = false): readonly string[] {
    if (term === undefined) return [];
    let found = this.variants.get(term);
    if (found === undefined) {
      const isKnown = this.frequencyOf(term) > 0;
      found = [...(isKnown ? [term] : []), ...this.longerThan(term, isScan)];
      if (found.length === 0) found = this.partsOf(term);
      this.variants.set(term, found);
    }
    return found;
  }

  /** The terms that begin or, in a language with compounds, end with a term. */
  private longerThan(term: string, isScan: boolean): string[] {
    const { length } = term;
    if (length < (this.isCompounding ? minCompoundChars : minStemChars) || /^\p{N}/u.test(term)) return [];
    const maxLength = length + (this.isCompounding ? maxCompoundChars : maxEndingChars);
    const beginning = this.beginningWith.all(term, `${term}\u{10ffff}`);
    const ending = isScan && this.isCompounding ? this.endingWith.all(term).filter((each) => each.endsWith(term)) : [];
    return [...beginning, ...ending].filter((each) => each !== term && each.length <= maxLength);
  }

  /** The longest terms that begin or, in a language with compounds, end a term. */
  private partsOf(term: string): string[] {
    const chars = [...term];
    if (/^\p{N}/u.test(term)) return [];
    const minLength = this.isCompounding ? minCompoundChars : Math.max(minStemChars, chars.length * minStemShare);
    for (let length = chars.length - 1; length >= minLength; length--) {
      const parts = [
        chars.slice(0, length),
        ...(this.isCompounding && length > minCompoundChars ? [chars.slice(-length)] : []),
      ];
      const found = parts.map((part) => part.join("")).filter((part) => this.frequencyOf(part) > 0);
      if (found.length > 0) return found;
    }
    return [];
  }

  private get isCompounding(): boolean {
    return compoundingLanguages.has(this.language.name);
  }

  private passagesOf(term: string): number {
    return this.passagesWith.get(term)?.doc ?? 0;
  }

  private headingsOf(term: string): number {
    return this.headingsWith.get(term)?.doc ?? 0;
  }

  /** The passages of this document that match the terms best, by themselves or by their headings, in document order. */
  candidates(terms: readonly string[]): IndexedPassage[] {
    const found = new Map<number, IndexedPassage>();
    const add = (row: Row) => found.set(row.id, passageOf(row));

    const byId = this.db.prepare<[number], Row>(passageOfId);
    for (const id of this.best("passage_term", maxByText, terms, (term) => this.passagesOf(term))) {
      byId.all(id).forEach(add);
    }
    const byHeading = this.db.prepare<[number], Row>(passagesOfHeading);
    for (const id of this.best("heading_term", maxHeadings, terms, (term) => this.headingsOf(term))) {
      byHeading.all(id).forEach(add);
    }
    return [...found.values()].sort((one, other) => one.id - other.id);
  }

  close(): void {
    this.db.close();
  }

  /** The rows of a full-text table that match any of the terms, best first. */
  private best(
    table: "passage_term" | "heading_term",
    limit: number,
    terms: readonly string[],
    frequencyOf: (term: string) => number,
  ): number[] {
    const query = rarestTerms(terms, frequencyOf)
      .map((term) => `"${term}"`)
      .join(" OR ");
    if (query === "") return [];
    return this.db
      .prepare<[string], number>(
        `SELECT rowid FROM ${table} WHERE ${table} MATCH ? ORDER BY bm25(${table}), rowid LIMIT ${limit}`,
      )
      .pluck()
      .all(query);
  }
}

/** The terms that occur at all, rarest first, without those that would match too many rows. */
function rarestTerms(terms: readonly string[], frequencyOf: (term: string) => number): string[] {
  const rarestFirst = [...new Set(terms)]
    .map((term) => ({ term, frequency: frequencyOf(term) }))
    .filter(({ frequency }) => frequency > 0)
    .sort((one, other) => one.frequency - other.frequency);
  let matches = 0;
  return rarestFirst
    .filter(({ frequency }, i) => {
      matches += frequency;
      return i === 0 || matches <= maxMatches;
    })
    .map(({ term }) => term);
}

const passageOf = ({ id, quote, said, page, heading }: Row): IndexedPassage => ({
  id,
  quote,
  ...(said === null ? {} : { searchText: said }),
  ...(page === null ? {} : { page }),
  ...(heading === null ? {} : { heading }),
});
