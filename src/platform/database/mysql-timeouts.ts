import type { Duplex } from "node:stream";
import type { PoolConnection, ResultSetHeader, RowDataPacket } from "mysql2";
import { type DataSource, QueryFailedError, QueryRunnerAlreadyReleasedError, type ReplicationMode } from "typeorm";
import type { MysqlDriver } from "typeorm/driver/mysql/MysqlDriver";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { QueryResult } from "typeorm/query-runner/QueryResult";
import { unavailable } from "../../errors";
import type { StatementCounting } from "./connections";
import { isUnavailable } from "./database-errors";

/**
 * Limits the time of a statement on MySQL, including the wait for a connection. Must be called before the data source is
 * initialized. From then on, a statement throws UNAVAILABLE if the database does not answer it in time.
 */
export function limitStatementTime(dataSource: DataSource, timeoutMs: number): void {
  const driver = dataSource.driver as MysqlDriver;
  const health = new ConnectionHealth();
  const acquire = driver.obtainMasterConnection.bind(driver);
  driver.obtainMasterConnection = () => health.acquireHealthy(acquire as () => Promise<Connection>);
  driver.createQueryRunner = (mode) => new TimedQueryRunner(driver, mode, health, timeoutMs);
}

type QueryRows = RowDataPacket[] | ResultSetHeader;

type Connection = PoolConnection & { readonly stream: Duplex };

class StatementTimeoutError extends Error {
  readonly code = "ETIMEDOUT";
}

/** Tracks which connections of a pool are known to work. */
class ConnectionHealth {
  private readonly answeredAt = new WeakMap<Connection, number>();
  private timedOutAt = -Infinity;

  /**
   * Acquires a connection that answered after the latest timeout of any connection, and closes the others: they may be
   * dead too, and a statement on them would time out.
   */
  async acquireHealthy(acquire: () => Promise<Connection>): Promise<Connection> {
    for (;;) {
      const connection = await acquire();
      if (!this.answeredAt.has(connection)) {
        this.markAnswered(connection);
        // Statements in flight fail by themselves; an error without a listener would end the process.
        connection.on("error", () => undefined);
      }
      if (Number(this.answeredAt.get(connection)) > this.timedOutAt) return connection;
      connection.stream.destroy(new StatementTimeoutError("The connection was idle while another one timed out"));
    }
  }

  markAnswered(connection: Connection): void {
    this.answeredAt.set(connection, performance.now());
  }

  /** Closes a connection. Its transaction is rolled back, or was committed already. */
  markTimedOut(connection: Connection, error: StatementTimeoutError): void {
    this.timedOutAt = performance.now();
    connection.stream.destroy(error);
  }
}

/** Runs statements on one connection, until one of them times out. */
export class TimedQueryRunner extends MysqlQueryRunner implements StatementCounting {
  counter: StatementCounting["counter"];
  private activeConnection: Connection | undefined;
  private timeoutError: StatementTimeoutError | undefined;

  constructor(
    driver: MysqlDriver,
    mode: ReplicationMode,
    private readonly health: ConnectionHealth,
    private timeoutMs: number,
  ) {
    super(driver, mode);
  }

  /** For a statement that has waited already. */
  limitTime(timeoutMs: number): void {
    this.timeoutMs = Math.min(timeoutMs, this.timeoutMs);
  }

  override async connect(): Promise<Connection> {
    const connection = (await super.connect().catch((error: unknown) => {
      throw unavailable(error);
    })) as Connection;
    if (this.timeoutError) {
      // The statement has timed out during the wait for this connection, so nobody else releases it.
      connection.release();
      throw this.timeoutError;
    }
    return (this.activeConnection = connection);
  }

  override async query(...statement: Parameters<MysqlQueryRunner["query"]>): Promise<unknown> {
    if (this.timeoutError) throw unavailable(this.timeoutError);
    if (this.counter) this.counter.statements++;
    let isSettled = false;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      // If this process was blocked, the answer has arrived and is read before the callback of setImmediate.
      const check = () => isSettled || reject(this.timeOut());
      timer = setTimeout(() => setImmediate(check), this.timeoutMs);
    });
    try {
      const result: unknown = await Promise.race([this.execute(...statement), timeout]);
      if (this.activeConnection) this.health.markAnswered(this.activeConnection);
      return result;
    } catch (error) {
      throw isUnavailable(error) ? unavailable(error) : error;
    } finally {
      isSettled = true;
      clearTimeout(timer);
    }
  }

  /** By itself, as TypeORM tells listeners and a logger, of which there are none, and mysql2 would note where each call is. */
  private async execute(
    ...[statement, parameters, isStructured = false]: Parameters<MysqlQueryRunner["query"]>
  ): Promise<unknown> {
    if (this.isReleased) throw new QueryRunnerAlreadyReleasedError();
    const connection = await this.connect();
    const raw = await new Promise<QueryRows>((resolve, reject) => {
      connection.query<QueryRows>(statement, parameters, (cause, rows) => {
        if (cause) reject(new QueryFailedError(statement, parameters as unknown[], cause));
        else resolve(rows);
      });
    });
    if (!isStructured) return raw;
    const structured = Array.isArray(raw) ? { raw, records: raw } : { raw, affected: raw.affectedRows };
    return Object.assign(new QueryResult(), structured);
  }

  private timeOut(): StatementTimeoutError {
    this.timeoutError = new StatementTimeoutError(
      `The database did not answer within ${Math.round(this.timeoutMs)} ms`,
    );
    if (this.activeConnection) this.health.markTimedOut(this.activeConnection, this.timeoutError);
    return this.timeoutError;
  }
}

type Queue = <Result>(work: (remainingMs: number) => Promise<Result>) => Promise<Result>;

/** Runs each query on a connection of its own, when its turn comes. For a data source whose statement time is limited. */
export class QueuedQueryRunner extends MysqlQueryRunner {
  constructor(
    dataSource: DataSource,
    private readonly queue: Queue,
  ) {
    super(dataSource.driver as MysqlDriver, "slave");
  }

  override query(...statement: Parameters<MysqlQueryRunner["query"]>): Promise<unknown> {
    return this.queue(async (remainingMs) => {
      const runner = this.driver.createQueryRunner("slave") as TimedQueryRunner;
      runner.limitTime(remainingMs);
      try {
        return await runner.query(...statement);
      } finally {
        await runner.release();
      }
    });
  }
}
