import type { DataSource, QueryRunner } from "typeorm";
import { setTimeout as delay } from "node:timers/promises";
import { Sqlite } from "../sqlite";
import { createDataSource } from "./data-source";
import type { DatabaseConfig, MysqlConfig, SqliteConfig } from "./database-config";

/** A lock on a database that one process at a time can hold, and that dies with its process. */
export interface ProcessLock {
  release(): Promise<void>;
}

export interface ProcessLockOptions {
  /** The database may not have noticed yet that the last holder of the lock died. */
  readonly waitMs: number;
  /** Called if the lock was lost with its connection, and another process has it now. */
  readonly onLost: () => void;
}

/** @returns undefined if another process holds the lock */
export const lockForProcess = (
  config: DatabaseConfig,
  options: ProcessLockOptions,
): Promise<ProcessLock | undefined> =>
  config.type === "sqlite" ? Promise.resolve(lockFile(config)) : MysqlLock.acquire(config, options);

/**
 * Locks a file beside the database: an SQLite database with nothing in it, as SQLite knows how to lock a file on each
 * platform. The operating system releases the lock when the process ends, however it ends.
 */
function lockFile({ path }: SqliteConfig): ProcessLock | undefined {
  const connection = new Sqlite(`${path}.lock`, { timeout: 0 });
  try {
    connection.exec("BEGIN IMMEDIATE");
  } catch (error) {
    connection.close();
    if ((error as { code?: string }).code?.startsWith("SQLITE_BUSY")) return undefined;
    throw error;
  }
  return {
    release() {
      connection.close();
      return Promise.resolve();
    },
  };
}

/** The connection of the lock is pinged at this interval. The database ends it after the silence. */
const pingIntervalMs = 10_000;
const pingTimeoutMs = 5_000;
const silenceSeconds = 40;

/** A named lock of MySQL or MariaDB, which belongs to a connection. */
class MysqlLock implements ProcessLock {
  private readonly closing = new AbortController();
  private dataSource: DataSource | undefined;
  private runner: QueryRunner | undefined;
  private connection: { destroy(): void } | undefined;
  private work: Promise<void> = Promise.resolve();

  private constructor(private readonly config: MysqlConfig) {}

  static async acquire(config: MysqlConfig, { waitMs, onLost }: ProcessLockOptions): Promise<MysqlLock | undefined> {
    const lock = new MysqlLock(config);
    if (!(await lock.take(waitMs))) return undefined;
    lock.work = lock.keep(onLost);
    return lock;
  }

  async release(): Promise<void> {
    this.closing.abort();
    await this.work;
    await this.disconnect();
  }

  private async take(waitMs: number): Promise<boolean> {
    this.dataSource = await createDataSource(this.config, [], { size: 1, maxQueued: 0, connectTimeoutMs: 5_000 });
    try {
      await this.dataSource.initialize();
      this.runner = this.dataSource.createQueryRunner();
      this.connection = (await this.runner.connect()) as { destroy(): void };
      // So that a process whose machine has gone does not keep the lock.
      await this.runner.query(`SET SESSION wait_timeout = ${silenceSeconds}`);
      const [row] = (await this.runner.query(
        "SELECT GET_LOCK(CONCAT('latchkey.server.', MD5(DATABASE())), ?) AS held",
        [waitMs / 1_000],
      )) as [{ held: unknown }];
      if (Number(row.held) === 1) return true;
    } catch (error) {
      await this.disconnect();
      throw error;
    }
    await this.disconnect();
    return false;
  }

  /** Takes the lock again if the database has lost the connection. */
  private async keep(onLost: () => void): Promise<void> {
    const { signal } = this.closing;
    const isStopped = () => signal.aborted;
    while (!isStopped()) {
      await delay(pingIntervalMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (isStopped()) return;
      const answered = this.runner?.query("SELECT 1").then(
        () => true,
        () => false,
      );
      const timedOut = delay(pingTimeoutMs, false, { signal, ref: false }).catch(() => true);
      if (await Promise.race([answered, timedOut])) continue;
      await this.disconnect();
      // While the database is away, it is away for the others too.
      if ((await this.take(0).catch(() => undefined)) === false) onLost();
    }
  }

  /** Does not wait for an answer of the database, which may be away. */
  private async disconnect(): Promise<void> {
    const { dataSource, connection } = this;
    this.dataSource = this.runner = this.connection = undefined;
    connection?.destroy();
    if (dataSource?.isInitialized) await dataSource.destroy().catch(() => undefined);
  }
}
