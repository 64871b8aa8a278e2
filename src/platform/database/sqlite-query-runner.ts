import type BetterSqlite3 from "better-sqlite3";
import { type DataSource, QueryFailedError, type QueryRunner } from "typeorm";
import type { BetterSqlite3Driver } from "typeorm/driver/better-sqlite3/BetterSqlite3Driver";
import { BetterSqlite3QueryRunner } from "typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner";
import { QueryResult } from "typeorm/query-runner/QueryResult";
import { ApiError, unavailable } from "../../errors";
import type { StatementCounting } from "./connections";
import { isUnavailable } from "./database-errors";
import { objectsOf, PreparedStatements, type RowLists } from "./prepared-statements";
import type { TurnBudget } from "./turn-budget";

type Statement = Parameters<BetterSqlite3QueryRunner["query"]>;

/**
 * Must be called before the data source is initialized. From then on, a statement throws UNAVAILABLE if another process
 * holds the file, or if the disk fails, and waits if statements have held the event loop for long enough.
 */
export function wrapSqliteStatements(dataSource: DataSource, budget: TurnBudget): void {
  const driver = dataSource.driver as BetterSqlite3Driver;
  const runner = new SqliteQueryRunner(driver, budget);
  driver.createQueryRunner = () => runner as QueryRunner;
}

/**
 * Must be called after a transaction that failed. If the disk is full, SQLite rolls the transaction back by itself, but
 * TypeORM considers it open, so everything that follows would become part of it and never be committed.
 */
export async function endTransaction(dataSource: DataSource): Promise<void> {
  await (dataSource.createQueryRunner() as SqliteQueryRunner).endTransaction();
}

/** Whether SQLite itself considers a transaction open. */
export async function isInTransaction(dataSource: DataSource): Promise<boolean> {
  const connection = (await dataSource.createQueryRunner().connect()) as Pick<Connection, "inTransaction">;
  return connection.inTransaction;
}

type Connection = BetterSqlite3.Database;

/**
 * Executes statements on the thread of the event loop. It does so by itself, as TypeORM takes several times as long as
 * SQLite for a row: it tells listeners and a logger, of which there are none, and waits for promises.
 */
export class SqliteQueryRunner extends BetterSqlite3QueryRunner implements StatementCounting {
  counter: StatementCounting["counter"];
  private statements: PreparedStatements | undefined;

  constructor(
    driver: BetterSqlite3Driver,
    private readonly budget: TurnBudget,
  ) {
    super(driver);
  }

  override async query(...[statement, parameters = [], isStructured = false]: Statement): Promise<unknown> {
    if (this.counter) this.counter.statements++;
    if (this.budget.isSpent) await this.budget.wait();
    const startedAt = performance.now();
    const bound = bindable(parameters as unknown[]);
    try {
      const result = this.execute(statement, bound);
      if ("rows" in result) {
        const rows = objectsOf(result);
        return isStructured ? Object.assign(new QueryResult(), { raw: rows, records: rows }) : rows;
      }
      const { lastInsertRowid: raw, changes: affected } = result;
      return isStructured ? Object.assign(new QueryResult(), { raw, affected }) : raw;
    } catch (cause) {
      const error = new QueryFailedError(statement, bound, cause as Error);
      throw isUnavailable(error) ? unavailable(error) : error;
    } finally {
      this.budget.use(performance.now() - startedAt);
    }
  }

  private execute(statement: string, bound: unknown[]): RowLists | BetterSqlite3.RunResult {
    // The driver of TypeORM opens the connection after it has made its runner.
    this.statements ??= new PreparedStatements(this.driver.databaseConnection as Connection);
    return this.statements.execute(statement, bound);
  }

  async endTransaction(): Promise<void> {
    const connection = (await this.connect()) as Connection;
    if (connection.inTransaction) connection.exec("ROLLBACK");
    this.isTransactionActive = false;
    this.transactionDepth = 0;
  }
}

/** SQLite has no booleans. */
const bindable = (parameters: readonly unknown[]): unknown[] =>
  parameters.map((value) => (typeof value === "boolean" ? Number(value) : value));

type Rows = readonly Record<string, unknown>[];

/** Executes queries elsewhere than on the thread of the event loop. */
export class SqliteReadRunner extends BetterSqlite3QueryRunner {
  constructor(
    dataSource: DataSource,
    private readonly execute: (statement: string, parameters: readonly unknown[]) => Promise<Rows>,
  ) {
    super(dataSource.driver as BetterSqlite3Driver);
  }

  override async query(...[statement, parameters = [], isStructured = false]: Statement): Promise<unknown> {
    const bound = bindable(parameters as unknown[]);
    try {
      const rows = await this.execute(statement, bound);
      return isStructured ? Object.assign(new QueryResult(), { raw: rows, records: rows }) : rows;
    } catch (cause) {
      // The statement was not executed, as its turn did not come in time.
      if (cause instanceof ApiError) throw cause;
      const error = new QueryFailedError(statement, bound, cause as Error);
      throw isUnavailable(error) ? unavailable(error) : error;
    }
  }
}
