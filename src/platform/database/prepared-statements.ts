import type BetterSqlite3 from "better-sqlite3";

type Statement = BetterSqlite3.Statement;

/** Statements are kept up to this number. */
const maxPrepared = 200;

/** Prepares each statement of a connection to SQLite once, for as long as it is in use. */
export class PreparedStatements {
  private readonly prepared = new Map<string, Statement>();

  constructor(private readonly connection: Pick<BetterSqlite3.Database, "prepare">) {}

  prepare(text: string): Statement {
    const found = this.prepared.get(text);
    if (found) return found;
    const statement = this.connection.prepare(text);
    if (this.prepared.size >= maxPrepared) this.forgetHalf();
    this.prepared.set(text, statement);
    return statement;
  }

  /** Those that are in use are soon prepared again; to note each use would take longer. */
  private forgetHalf(): void {
    for (const text of this.prepared.keys()) {
      this.prepared.delete(text);
      if (this.prepared.size <= maxPrepared / 2) return;
    }
  }
}
