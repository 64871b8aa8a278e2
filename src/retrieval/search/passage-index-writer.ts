import type Database from "better-sqlite3";
import { Sqlite } from "../../platform/sqlite";
import type { Passage } from "../extraction/passage";
import { type Language, languageOf, termOf, wordsOf } from "./language";

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
