import type BetterSqlite3 from "better-sqlite3";

/** The rows of a query as lists of values, in the order of the columns. */
export interface RowLists {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

interface Prepared {
  readonly statement: BetterSqlite3.Statement;
  /** Undefined if the statement returns no rows. */
  columns: readonly string[] | undefined;
}

/** Statements are kept up to this number. */
const maxPrepared = 200;

/** Prepares each statement of a connection to SQLite once, for as long as it is in use. */
export class PreparedStatements {
  private readonly prepared = new Map<string, Prepared>();

  constructor(private readonly connection: Pick<BetterSqlite3.Database, "prepare">) {}

  /** Executes a statement that returns rows, or one that changes some. */
  execute(text: string, parameters: readonly unknown[]): RowLists | BetterSqlite3.RunResult {
    const prepared = this.prepared.get(text) ?? this.prepare(text);
    const { statement } = prepared;
    if (!prepared.columns) return statement.run(...parameters);
    const rows = statement.all(...parameters) as unknown[][];
    // A change of the schema can change the columns of a statement with an asterisk.
    if (rows[0] && rows[0].length !== prepared.columns.length) prepared.columns = columnsOf(statement);
    return { columns: prepared.columns, rows };
  }

  private prepare(text: string): Prepared {
    const statement = this.connection.prepare(text);
    const prepared = { statement, columns: statement.reader ? columnsOf(statement.raw()) : undefined };
    if (this.prepared.size >= maxPrepared) this.forgetHalf();
    this.prepared.set(text, prepared);
    return prepared;
  }

  /** Those that are in use are soon prepared again; to note each use would take longer. */
  private forgetHalf(): void {
    for (const text of this.prepared.keys()) {
      this.prepared.delete(text);
      if (this.prepared.size <= maxPrepared / 2) return;
    }
  }
}

/** Makes objects of rows. better-sqlite3 takes more than twice as long, as it makes the names anew for each row. */
export const objectsOf = ({ columns, rows }: RowLists): Record<string, unknown>[] =>
  rows.map((values) => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i++) row[columns[i] as string] = values[i];
    return row;
  });

const columnsOf = (statement: BetterSqlite3.Statement): string[] => statement.columns().map(({ name }) => name);
