import type Database from "better-sqlite3";
import { Sqlite } from "../../platform/sqlite";
import { type Language, languageNamed, languageOf, termOf, wordsOf } from "./language";
import type { Passage } from "../extraction/passage";

/** A passage as it stands in an index, with what is needed to judge how well it answers. */
export interface IndexedPassage extends Passage {
  /** In the order of the document. */
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
 * The tables of an index. What stands under one heading stands in a row, so that a heading is kept once; its row says
 * which passages those are. The full-text tables hold terms that were made by us and are parted by spaces: of characters
 * beyond ASCII their tokenizer takes each for a part of a word.
 */
const tables = `
  CREATE TABLE facts (language TEXT);
  CREATE TABLE passage (id INTEGER PRIMARY KEY, quote TEXT, said TEXT, page INT, heading INT);
  CREATE TABLE heading (id INTEGER PRIMARY KEY, text TEXT, first INT, last INT);
  CREATE VIRTUAL TABLE passage_term USING fts5(terms, content='', tokenize="ascii tokenchars '_'");
  CREATE VIRTUAL TABLE heading_term USING fts5(terms, content='', tokenize="ascii tokenchars '_'");
  CREATE VIRTUAL TABLE passage_frequency USING fts5vocab(passage_term, row);
  CREATE VIRTUAL TABLE heading_frequency USING fts5vocab(heading_term, row)`;

/** Of the terms of words that come again and again, so many are remembered. */
const rememberedTerms = 200_000;

/** Writes the index of a document, a passage at a time, into a file that isn't there yet. */
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
    // All is one transaction on a file that nobody else has and that is thrown away where it fails; committing it
    // waits for the medium.
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

  /** Writes what is left, down to the medium. */
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
          if (this.terms.size >= rememberedTerms) this.terms.clear();
          this.terms.set(word, (term = termOf(word, this.language) ?? ""));
        }
        return term;
      })
      .filter((term) => term !== "");
  }
}

/** So many passages tell what language a document is written in. */
const sampledPassages = 200;

/** Writes the index of a document's passages. Where it fails, what there is of the file is to be removed. */
export async function writeIndex(path: string, passages: Iterable<Passage> | AsyncIterable<Passage>): Promise<void> {
  const sample: Passage[] = [];
  let writer: PassageIndexWriter | undefined;
  const begin = () => {
    const begun = new PassageIndexWriter(path, languageOf(sample.flatMap(({ quote }) => wordsOf(quote))));
    for (const passage of sample) begun.add(passage);
    return begun;
  };
  try {
    for await (const passage of passages) {
      if (writer) writer.add(passage);
      else if (sample.push(passage) === sampledPassages) writer = begin();
    }
    writer ??= begin();
    writer.finish();
  } finally {
    writer?.close();
  }
}

/** Passages of the terms that few have are looked for, until so many passages have been looked at. */
const enoughMatches = 50_000;
/** The best by each document's own measure are compared with those of other documents. */
const mostByText = 100;
const mostHeadings = 10;
const mostByHeading = 30;

const row = "SELECT passage.id, quote, said, page, heading.text AS heading";
const passageOfId = `${row} FROM passage LEFT JOIN heading ON heading.id = passage.heading WHERE passage.id = ?`;
const passagesOfHeading = `${row} FROM heading JOIN passage ON passage.id BETWEEN first AND last
  WHERE heading.id = ? ORDER BY passage.id LIMIT ${mostByHeading}`;
/** The index of a document, to be searched. */
export class PassageIndex {
  readonly language: Language;
  private readonly passagesWith: Database.Statement<[string], { doc: number }>;
  private readonly headingsWith: Database.Statement<[string], { doc: number }>;

  private constructor(private readonly db: Database.Database) {
    const facts = db.prepare<[], { language: string }>("SELECT language FROM facts").get();
    if (!facts) throw new Error("The index of a document was not finished");
    this.language = languageNamed(facts.language);
    this.passagesWith = db.prepare("SELECT doc FROM passage_frequency WHERE term = ?");
    this.headingsWith = db.prepare("SELECT doc FROM heading_frequency WHERE term = ?");
  }

  /** @returns undefined where the file is gone */
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

  /** The passages that these terms, or headings above them that do, find best in this document. */
  candidates(terms: readonly string[]): IndexedPassage[] {
    const found = new Map<number, IndexedPassage>();
    const add = (row: Row) => found.set(row.id, passageOf(row));

    const byId = this.db.prepare<[number], Row>(passageOfId);
    for (const id of this.best("passage_term", mostByText, terms, (term) => this.passagesOf(term))) {
      byId.all(id).forEach(add);
    }
    const byHeading = this.db.prepare<[number], Row>(passagesOfHeading);
    for (const id of this.best("heading_term", mostHeadings, terms, (term) => this.headingsOf(term))) {
      byHeading.all(id).forEach(add);
    }
    return [...found.values()].sort((one, other) => one.id - other.id);
  }

  close(): void {
    this.db.close();
  }

  /** The rows of a full-text table that any of these terms finds, best first. */
  private best(
    table: "passage_term" | "heading_term",
    most: number,
    terms: readonly string[],
    frequencyOf: (term: string) => number,
  ): number[] {
    const query = rarest(terms, frequencyOf)
      .map((term) => `"${term}"`)
      .join(" OR ");
    if (query === "") return [];
    return this.db
      .prepare<[string], number>(
        `SELECT rowid FROM ${table} WHERE ${table} MATCH ? ORDER BY bm25(${table}), rowid LIMIT ${most}`,
      )
      .pluck()
      .all(query);
  }
}

/** Of these terms those that are found at all; where they would find too many, those that few have. */
function rarest(terms: readonly string[], frequencyOf: (term: string) => number): string[] {
  const rarestFirst = [...new Set(terms)]
    .map((term) => ({ term, frequency: frequencyOf(term) }))
    .filter(({ frequency }) => frequency > 0)
    .sort((one, other) => one.frequency - other.frequency);
  let matches = 0;
  return rarestFirst
    .filter(({ frequency }, i) => {
      matches += frequency;
      return i === 0 || matches <= enoughMatches;
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
