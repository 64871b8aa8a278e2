import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DataSource, type EntityManager } from "typeorm";
import { wrapSqliteStatements } from "../../../src/platform/database/sqlite-query-runner";
import { SqliteTransactions } from "../../../src/platform/database/sqlite-transactions";
import { TurnBudget } from "../../../src/platform/database/turn-budget";
import { Sqlite } from "../../../src/platform/sqlite";
import { failAtCommit } from "../../support/commit-failures";
import { node } from "../../support/node";

let folder: string;
let writer: DataSource;
let transactions: SqliteTransactions;
let clock: jest.SpyInstance;

beforeEach(async () => {
  // On a busy machine, two transactions may take longer than a turn or a group may.
  clock = jest.spyOn(node.performance, "now").mockReturnValue(0);
  folder = await mkdtemp(join(tmpdir(), "transactions-"));
  writer = new DataSource({ type: "better-sqlite3", database: join(folder, "test.db"), driver: Sqlite });
  wrapSqliteStatements(writer, new TurnBudget());
  await writer.initialize();
  await writer.query("CREATE TABLE line (text TEXT UNIQUE)");
  transactions = new SqliteTransactions(writer);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await writer.destroy();
  await rm(folder, { recursive: true });
});

const insert = (text: string) => (manager: EntityManager) =>
  manager.query(`INSERT INTO line VALUES (?)`, [text]).then(() => text);

/** Runs transactions one after the other, as the queue of transactions does. */
async function run(works: readonly ((manager: EntityManager) => Promise<string>)[]): Promise<Promise<string>[]> {
  const outcomes: Promise<string>[] = [];
  for (const work of works) {
    const { outcome } = await transactions.run(work);
    outcome.catch(() => undefined);
    outcomes.push(outcome);
  }
  return outcomes;
}

const lines = async (): Promise<string[]> => {
  const other = new Sqlite(join(folder, "test.db"));
  const found = other.prepare("SELECT text FROM line ORDER BY text").all() as { text: string }[];
  other.close();
  return found.map(({ text }) => text);
};

const commitsDuring = async (work: () => Promise<unknown>): Promise<number> => {
  const query = jest.spyOn(writer.createQueryRunner(), "query");
  await work();
  return query.mock.calls.filter(([statement]) => statement === "COMMIT").length;
};

test("the transactions of one turn of the event loop share a commit, and none is reported before it", async () => {
  const commits = await commitsDuring(async () => {
    const outcomes = await run([insert("a"), insert("b"), insert("c")]);
    expect(await lines()).toEqual([]);
    expect(await Promise.all(outcomes)).toEqual(["a", "b", "c"]);
  });
  expect(commits).toBe(1);
  expect(await lines()).toEqual(["a", "b", "c"]);
});

test("a transaction that fails changes nothing, and the others of its group are committed", async () => {
  const fails = async (manager: EntityManager) => {
    await insert("undone")(manager);
    return insert("a")(manager);
  };
  const outcomes = await run([insert("a"), fails, insert("b")]);
  expect((await Promise.allSettled(outcomes)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(await lines()).toEqual(["a", "b"]);
});

test.each([
  ["before", []],
  ["after", ["a", "b"]],
] as const)(
  "if a commit fails %s it takes effect, all transactions of its group fail, and the next succeeds",
  async (moment, committed) => {
    failAtCommit(1, moment);
    const outcomes = await run([insert("a"), insert("b")]);
    expect((await Promise.allSettled(outcomes)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await lines()).toEqual(committed);
    await expect((await run([insert("c")]))[0]).resolves.toBe("c");
    expect(await lines()).toEqual([...committed, "c"]);
  },
);

test("if SQLite ends a transaction by itself, all of its group fail as unavailable, and the next succeeds", async () => {
  const broken = async (manager: EntityManager) => {
    await manager.query("ROLLBACK");
    return insert("b")(manager).then(() => Promise.reject(new Error("the disk is full")));
  };
  const outcomes = await run([insert("a"), broken]);
  for (const outcome of outcomes) await expect(outcome).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect((await run([insert("c")]))[0]).resolves.toBe("c");
});

test("a group commits once its last transaction has ended, however many turns that takes", async () => {
  const slow = async (manager: EntityManager) => {
    for (let i = 0; i < 5; i++) await nextTurn();
    return insert("slow")(manager);
  };
  const commits = await commitsDuring(async () => {
    const outcomes = await run([insert("a"), slow]);
    expect(await Promise.all(outcomes)).toEqual(["a", "slow"]);
  });
  expect(commits).toBe(1);
  expect(await lines()).toEqual(["a", "slow"]);
});

test("transactions that follow each other without end are committed in between", async () => {
  clock.mockRestore();
  const endless = await commitsDuring(async () => {
    const until = Date.now() + 200;
    const outcomes: Promise<string>[] = [];
    for (let i = 0; Date.now() < until; i++) outcomes.push(...(await run([insert(`${i}`)])));
    await Promise.all(outcomes);
  });
  expect(endless).toBeGreaterThan(1);
});
