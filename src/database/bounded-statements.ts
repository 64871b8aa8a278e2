import type { Duplex } from "node:stream";
import type { PoolConnection } from "mysql2";
import type { DataSource, ReplicationMode } from "typeorm";
import type { MysqlDriver } from "typeorm/driver/mysql/MysqlDriver";
import { MysqlQueryRunner } from "typeorm/driver/mysql/MysqlQueryRunner";
import { unavailable } from "../errors";
import { isAway } from "./failures";

/**
 * Bounds what a statement on MySQL may take, with the wait for a connection, in milliseconds. To be called before anything
 * is connected.
 *
 * @throws UNAVAILABLE from each statement that the database does not answer in time, or can't answer for now
 */
export function boundStatements(dataSource: DataSource, most: number): void {
  const driver = dataSource.driver as MysqlDriver;
  const lines = new Lines();
  const obtain = driver.obtainMasterConnection.bind(driver);
  driver.obtainMasterConnection = () => lines.goodOne(obtain as () => Promise<Connection>);
  driver.createQueryRunner = (mode) => new BoundedQueryRunner(driver, mode, lines, most);
}

type Connection = PoolConnection & { readonly stream: Duplex };

class Silence extends Error {
  readonly code = "ETIMEDOUT";
}

/** Knows which connections of a pool may be relied on. */
class Lines {
  private readonly answeredAt = new WeakMap<Connection, number>();
  private silentAt = -Infinity;

  /**
   * One that was answered on since another was silent. The rest may lead nowhere as well, and whoever took them would
   * find that out by waiting.
   */
  async goodOne(obtain: () => Promise<Connection>): Promise<Connection> {
    for (;;) {
      const connection = await obtain();
      if (!this.answeredAt.has(connection)) {
        this.answered(connection);
        // Whoever has a statement under way is told; without a listener it would end the process.
        connection.on("error", () => undefined);
      }
      if (Number(this.answeredAt.get(connection)) > this.silentAt) return connection;
      connection.stream.destroy(new Silence("The connection was at rest while another one was silent"));
    }
  }

  answered(connection: Connection): void {
    this.answeredAt.set(connection, performance.now());
  }

  /** Gives up a connection, with all that was done on it, as nobody knows how far that has come. */
  silent(connection: Connection, silence: Silence): void {
    this.silentAt = performance.now();
    connection.stream.destroy(silence);
  }
}

/** Runs statements on one connection, until one takes too long. */
class BoundedQueryRunner extends MysqlQueryRunner {
  private line: Connection | undefined;
  private silence: Silence | undefined;

  constructor(
    driver: MysqlDriver,
    mode: ReplicationMode,
    private readonly lines: Lines,
    private readonly most: number,
  ) {
    super(driver, mode);
  }

  override async connect(): Promise<Connection> {
    const connection = (await super.connect().catch((error: unknown) => {
      throw unavailable(error);
    })) as Connection;
    if (this.silence) {
      // Nobody waits for it any more, and nobody else gives it back.
      connection.release();
      throw this.silence;
    }
    return (this.line = connection);
  }

  override async query(...statement: Parameters<MysqlQueryRunner["query"]>): Promise<unknown> {
    if (this.silence) throw unavailable(this.silence);
    let isOver = false;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_resolve, reject) => {
      // Where it was this process that stood still, the answer is there and only has to be read.
      const judge = () => isOver || reject(this.fallSilent());
      timer = setTimeout(() => setImmediate(judge), this.most);
    });
    try {
      const result: unknown = await Promise.race([super.query(...statement), patience]);
      if (this.line) this.lines.answered(this.line);
      return result;
    } catch (error) {
      throw isAway(error) ? unavailable(error) : error;
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  }

  private fallSilent(): Silence {
    this.silence = new Silence(`The database has not answered for ${this.most} ms`);
    if (this.line) this.lines.silent(this.line, this.silence);
    return this.silence;
  }
}
