import type Database from "better-sqlite3";
import { Sqlite } from "../../platform/sqlite";
import { type Language, languageNamed, languageOf, termOf, wordsOf } from "./language";
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

/**
 * The tables of an index. A heading is stored once, with the range of the passages below it. The full-text tables hold
 * our own terms, separated by spaces; their tokenizer treats each character beyond ASCII as part of a word.
 */
const tables = `
  CREATE TABLE facts (language TEXT);
  CREATE TABLE passage (id INTEGER PRIMARY KEY, quote TEXT, said TEXT, page INT, heading INT);
  CREATE TABLE heading (id INTEGER PRIMARY KEY, text TEXT, first INT, last INT);
  CREATE VIRTUAL TABLE passage_term USING fts5(terms, content='', tokenize="ascii tokenchars '_'");
  CREATE VIRTUAL TABLE heading_term USING fts5(terms, content='', tokenize="ascii tokenchars '_'");
  CREATE VIRTUAL TABLE passage_frequency USING fts5vocab(passage_term, row);
  CREATE VIRTUAL TABLE heading_frequency USING fts5vocab(heading_term, row)`;

/** The size of the cache of terms, because words repeat. */
const maxCachedTerms = 200_000;

/** Writes the index of a document, one passage at a time, into a file that does not exist yet. */
class PassageIndexWriter {
  private readonly db: Database.Database;
  private readonly insertPassage: Database.Statement;
  private readonly insertPassageTerms: Database.Statement;
  private readonly insertHeading: Database.Statement;
  private readonly insertHeadingTerms: Database.Statement;
  private readonly terms = new Map<string, string>();
  private passages = 0;
  private headings = 0;
  private heading: { readonly text: string; readonly first: number } | undefined;

  constructor(
    path: string,
    private readonly language: Language,
  ) {
    this.db = new Sqlite(path);
    // A single transaction on a file that no one else opens and that is deleted if it fails. The commit is synced to disk.
    for (const setting of ["journal_mode = MEMORY", "synchronous = FULL", "locking_mode = EXCLUSIVE"]) {
      this.db.pragma(setting);
    }
    this.db.exec(`BEGIN; ${tables}`);
    this.insertPassage = this.db.prepare("INSERT INTO passage VALUES (?, ?, ?, ?, ?)");
    this.insertPassageTerms = this.db.prepare("INSERT INTO passage_term (rowid, terms) VALUES (?, ?)");
    this.insertHeading = this.db.prepare("INSERT INTO heading VALUES (?, ?, ?, ?)");
    this.insertHeadingTerms = this.db.prepare("INSERT INTO heading_term (rowid, terms) VALUES (?, ?)");
  }

  add({ quote, searchText, heading, page }: Passage): void {
    const id = ++this.passages;
    if (heading !== this.heading?.text) {
      this.endHeading(id - 1);
      if (heading !== undefined) this.beginHeading(heading, id);
    }
    this.insertPassage.run(id, quote, searchText ?? null, page ?? null, this.heading ? this.headings : null);
    this.insertPassageTerms.run(id, this.termsOf(searchText ?? quote).join(" "));
  }

  /** Commits the index, synced to disk. */
  finish(): void {
    this.endHeading(this.passages);
    this.db.prepare("INSERT INTO facts VALUES (?)").run(this.language.name);
    this.db.exec("COMMIT");
  }

  close(): void {
    this.db.close();
  }

  private beginHeading(text: string, first: number): void {
    this.insertHeadingTerms.run(++this.headings, this.termsOf(text).join(" "));
    this.heading = { text, first };
  }

  private endHeading(last: number): void {
    if (this.heading) this.insertHeading.run(this.headings, this.heading.text, this.heading.first, last);
    this.heading = undefined;
  }

  private termsOf(text: string): string[] {
    return wordsOf(text)
      .map((word) => {
        let term = this.terms.get(word);
        if (term === undefined) {
          if (this.terms.size >= maxCachedTerms) this.terms.clear();
          this.terms.set(word, (term = termOf(word, this.language) ?? ""));
        }
        return term;
      })
      .filter((term) => term !== "");
  }
}

/** The number of passages that the language of a document is detected from. */
const sampleSize = 200;

/** Writes the index of a document. If this fails, the caller must delete the file. */
export async function writeIndex(path: string, passages: Iterable<Passage> | AsyncIterable<Passage>): Promise<void> {
  const sample: Passage[] = [];
  let writer: PassageIndexWriter | undefined;
  const open = () => {
    const opened = new PassageIndexWriter(path, languageOf(sample.flatMap(({ quote }) => wordsOf(quote))));
    for (const passage of sample) opened.add(passage);
    return opened;
  };
  try {
    for await (const passage of passages) {
      if (writer) writer.add(passage);
      else if (sample.push(passage) === sampleSize) writer = open();
    }
    writer ??= open();
    writer.finish();
  } finally {
    writer?.close();
  }
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

/** An index that can be searched. */
export class PassageIndex {
  readonly language: Language;
  private readonly passagesWith: Database.Statement<[string], { doc: number }>;
  private readonly headingsWith: Database.Statement<[string], { doc: number }>;

  private constructor(private readonly db: Database.Database) {
    const facts = db.prepare<[], { language: string }>("SELECT language FROM facts").get();
    if (!facts) throw new Error("The index of the document is incomplete");
    this.language = languageNamed(facts.language);
    this.passagesWith = db.prepare("SELECT doc FROM passage_frequency WHERE term = ?");
    this.headingsWith = db.prepare("SELECT doc FROM heading_frequency WHERE term = ?");
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
