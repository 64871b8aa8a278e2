import { Sqlite } from "../../../src/sqlite";

/** Prints the rows that statements find in an SQLite file, as JSON. */
const [path = "", ...statements] = process.argv.slice(2);
const connection = new Sqlite(path, { fileMustExist: true });
process.stdout.write(JSON.stringify(statements.map((statement) => connection.prepare(statement).all())));
connection.close();
