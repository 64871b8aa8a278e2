import { DataSource } from "typeorm";
import { unavailable } from "../../../src/errors";
import { SqliteReadRunner } from "../../../src/platform/database/sqlite-query-runner";

const dataSource = new DataSource({ type: "better-sqlite3", database: ":memory:" });
const failing = (error: Error) => new SqliteReadRunner(dataSource, () => Promise.reject(error)).query("SELECT 1");

test("a query whose turn does not come in time is UNAVAILABLE, as is one that SQLite does not answer in time", async () => {
  await expect(failing(unavailable(new Error("no turn")))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  const late = Object.assign(new Error("late"), { code: "ETIMEDOUT" });
  await expect(failing(late)).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("a query that is wrong is not UNAVAILABLE", async () => {
  const wrong = Object.assign(new Error("no such table"), { code: "SQLITE_ERROR" });
  await expect(failing(wrong)).rejects.toMatchObject({ name: "QueryFailedError" });
});
