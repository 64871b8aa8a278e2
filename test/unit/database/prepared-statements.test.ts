import { objectsOf, PreparedStatements, type RowLists } from "../../../src/platform/database/prepared-statements";
import { Sqlite } from "../../../src/platform/sqlite";

function open() {
  const connection = new Sqlite(":memory:");
  connection.exec("CREATE TABLE pet (id INTEGER PRIMARY KEY, name TEXT)");
  const statements = new PreparedStatements(connection);
  return {
    execute: (text: string, ...parameters: unknown[]) => statements.execute(text, parameters),
    rows: (text: string, ...parameters: unknown[]) => objectsOf(statements.execute(text, parameters) as RowLists),
  };
}

test("a statement returns its rows by the names of their columns, or what it changed", () => {
  const { execute, rows } = open();
  expect(execute("INSERT INTO pet (name) VALUES (?)", "Ada")).toEqual({ changes: 1, lastInsertRowid: 1 });
  expect(rows("INSERT INTO pet (name) VALUES (?) RETURNING id, name AS title", "Bo")).toEqual([{ id: 2, title: "Bo" }]);
  expect(rows("SELECT name FROM pet WHERE id > ? ORDER BY id", 0)).toEqual([{ name: "Ada" }, { name: "Bo" }]);
  expect(rows("SELECT name FROM pet WHERE id > ? ORDER BY id", 2)).toEqual([]);
});

test("a statement with an asterisk has the columns that the table has now", () => {
  const { execute, rows } = open();
  execute("INSERT INTO pet (name) VALUES ('Ada')");
  expect(rows("SELECT * FROM pet")).toEqual([{ id: 1, name: "Ada" }]);
  execute("ALTER TABLE pet ADD COLUMN age INTEGER DEFAULT 7");
  expect(rows("SELECT * FROM pet")).toEqual([{ id: 1, name: "Ada", age: 7 }]);
});
