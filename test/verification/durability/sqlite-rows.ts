import { Sqlite } from "../../../src/platform/sqlite";

export type Row = Readonly<Record<string, unknown>>;

/** The rows that each statement returns from an SQLite file; none for a statement that writes. */
export function rowsOf(path: string, statements: readonly string[]): Row[][] {
  const connection = new Sqlite(path, { fileMustExist: true });
  try {
    return statements.map((statement) => {
      const prepared = connection.prepare<[], Row>(statement);
      if (prepared.reader) return prepared.all();
      prepared.run();
      return [];
    });
  } finally {
    connection.close();
  }
}

// As a program, it prints the rows as JSON.
if (require.main === module) {
  const [path = "", ...statements] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(rowsOf(path, statements)));
}
