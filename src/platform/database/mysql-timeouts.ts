import type { Duplex } from "node:stream";
import type { PoolConnection } from "mysql2";
import type { DataSource, ReplicationMode } from "typeorm";
import type { MysqlDriver } from "typeorm/driver/mysql/MysqlDriver";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { unavailable } from "../../errors";
import { isUnavailable } from "./database-errors";

/**
 * Bounds what a statement on MySQL may take, with the wait for a connection, in milliseconds. To be called before anything
 * is connected.
 *
 * @throws UNAVAILABLE from each statement that the database does not answer in time, or can't answer for now
 */
export function limitStatementTime(dataSource: DataSource, most: number): void {
  const driver = dataSource.driver as MysqlDriver;
  const lines = new ConnectionHealth();
  const obtain = driver.obtainMasterConnection.bind(driver);
  driver.obtainMasterConnection = () => lines.acquireHealthy(obtain as () => Promise<Connection>);
  driver.createQueryRunner = (mode) => new TimedQueryRunner(driver, mode, lines, most);
}

type Connection = PoolConnection & { readonly stream: Duplex };

class StatementTimeoutError extends Error {
  readonly code = "ETIMEDOUT";
}

/** Knows which connections of a pool may be relied on. */
class ConnectionHealth {
  private readonly answeredAt = new WeakMap<Connection, number>();
  private silentAt = -Infinity;

  /**
   * One that was answered on since another was silent. The rest may lead nowhere as well, and whoever took them would
   * find that out by waiting.
   */
  async acquireHealthy(obtain: () => Promise<Connection>): Promise<Connection> {
    for (;;) {
      const connection = await obtain();
      if (!this.answeredAt.has(connection)) {
        this.markAnswered(connection);
        // Whoever has a statement under way is told; without a listener it would end the process.
        connection.on("error", () => undefined);
      }
      if (Number(this.answeredAt.get(connection)) > this.silentAt) return connection;
      connection.stream.destroy(new StatementTimeoutError("The connection was at rest while another one was silent"));
    }
  }

  markAnswered(connection: Connection): void {
    this.answeredAt.set(connection, performance.now());
  }

  /** Gives up a connection, with all that was done on it, as nobody knows how far that has come. */
  markSilent(connection: Connection, silence: StatementTimeoutError): void {
    this.silentAt = performance.now();
    connection.stream.destroy(silence);
  }
}

/** Runs statements on one connection, until one takes too long. */
class TimedQueryRunner extends MysqlQueryRunner {
  private activeConnection: Connection | undefined;
  private timeoutError: StatementTimeoutError | undefined;

  constructor(
    driver: MysqlDriver,
    mode: ReplicationMode,
    private readonly health: ConnectionHealth,
    private readonly timeoutMs: number,
  ) {
    super(driver, mode);
  }

  override async connect(): Promise<Connection> {
    const connection = (await super.connect().catch((error: unknown) => {
      throw unavailable(error);
    })) as Connection;
    if (this.timeoutError) {
      // Nobody waits for it any more, and nobody else gives it back.
      connection.release();
      throw this.timeoutError;
    }
    return (this.activeConnection = connection);
  }

  override async query(...statement: Parameters<MysqlQueryRunner["query"]>): Promise<unknown> {
    if (this.timeoutError) throw unavailable(this.timeoutError);
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_resolve, reject) => {
      // Where it was this process that stood still, the answer is there and only has to be read.
      const judge = () => isOver || reject(this.timeOut());
      timer = setTimeout(() => setImmediate(judge), this.timeoutMs);
    });
    try {
      const result: unknown = await Promise.race([super.query(...statement), patience]);
      if (this.activeConnection) this.health.markAnswered(this.activeConnection);
      return result;
    } catch (error) {
      throw isUnavailable(error) ? unavailable(error) : error;
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  }

  private timeOut(): StatementTimeoutError {
    this.timeoutError = new StatementTimeoutError(`The database has not answered for ${this.timeoutMs} ms`);
    if (this.activeConnection) this.health.markSilent(this.activeConnection, this.timeoutError);
    return this.timeoutError;
  }
}
