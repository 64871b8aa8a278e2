import { Mutex } from "async-mutex";
import type { EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral } from "typeorm";
import type { DatabaseConfig, MysqlConfig, SqliteConfig } from "./database-config";
import { unavailable } from "../../errors";
import { retry } from "../process/retry";
import { asStartupError } from "../process/startup-error";
import { connectMysql, connectSqlite, type Connections, migrateMysql } from "./connections";
import type { Entities } from "./data-source";
import { codeOf, isBusy, isLockConflict } from "./database-errors";
import { endTransaction } from "./sqlite-query-runner";

interface Timeouts {
  /** The maximum for one statement, including the wait for a connection. */
  readonly statementMs: number;
  /** A transaction that lost a lock conflict is retried for this time. */
  readonly transactionMs: number;
}

/** Callers get an answer within two seconds, whatever the database does. */
const requestTimeouts: Timeouts = { statementMs: 1_500, transactionMs: 1_000 };
/** Background work can retry for longer, but still has to notice dead connections soon. */
const backgroundTimeouts: Timeouts = { statementMs: 3_000, transactionMs: 15_000 };

/** The wait before a retry if another process holds SQLite's write lock. */
const busyRetryDelayMs = 20;

/**
 * Registers an effect that runs once the transaction has committed: in the order of registration, and never after a
 * rollback. Effects are hints such as a notification: they run once at most, and none if the process dies first. An effect
 * that throws does not fail the transaction; its error is emitted as a warning of the process.
 */
export type AfterCommit = (effect: () => void) => void;

export type TransactionWork<Result> = (manager: EntityManager, afterCommit: AfterCommit) => Promise<Result>;

/** Gives access to the data: `read` for queries, `transaction` for changes. */
export class Database {
  private constructor(
    private readonly connections: Connections,
    private readonly timeouts: Timeouts,
    private readonly writeLock: Mutex,
    private readonly backgroundDatabase?: Database,
  ) {}

  /** Connects and migrates the schema. */
  static open(config: DatabaseConfig, entities: Entities): Promise<Database> {
    return (config.type === "sqlite" ? Database.onSqlite(config, entities) : Database.onMysql(config, entities)).catch(
      asStartupError("The database (DATABASE_URL, or else in DATA_DIR) can't be used"),
    );
  }

  private static async onSqlite(config: SqliteConfig, entities: Entities): Promise<Database> {
    const connections = await connectSqlite(config, entities);
    const writeLock = new Mutex();
    const background = new Database(connections, backgroundTimeouts, writeLock);
    return new Database(connections, requestTimeouts, writeLock, background);
  }

  private static async onMysql(config: MysqlConfig, entities: Entities): Promise<Database> {
    await migrateMysql(config, entities);
    const backgroundPoolSize = Math.max(2, Math.ceil(config.poolSize / 2));
    const [requests, background] = await Promise.all([
      connectMysql(config, entities, config.poolSize, requestTimeouts.statementMs),
      connectMysql(config, entities, backgroundPoolSize, backgroundTimeouts.statementMs),
    ]);
    const backgroundDatabase = new Database(background, backgroundTimeouts, new Mutex());
    return new Database(requests, requestTimeouts, new Mutex(), backgroundDatabase);
  }

  /**
   * The same data for background work, such as executing runs. Has separate connections, so that a burst of requests
   * can't starve it, and longer timeouts.
   */
  get background(): Database {
    return this.backgroundDatabase ?? this;
  }

  get read(): EntityManager {
    return this.connections.reader.manager;
  }

  /**
   * Commits all of the work or none of it. SQLite has one connection for writing, so its transactions run one after the
   * other. A transaction that conflicts with another is rolled back and retried: the work may run several times, so it
   * changes data only and registers everything else with `afterCommit`.
   *
   * @throws UNAVAILABLE if the database does not confirm the commit in time: the commit may or may not have happened, and
   *   no effect has run
   */
  transaction<Result>(work: TransactionWork<Result>): Promise<Result> {
    return retry(() => this.attempt(work), {
      delayMs: this.isSqlite ? busyRetryDelayMs : 0,
      shouldRetry: isConflict,
      maxElapsedMs: this.timeouts.transactionMs,
    }).catch((error: unknown) => {
      throw isConflict(error) ? unavailable(error) : error;
    });
  }

  private async attempt<Result>(work: TransactionWork<Result>): Promise<Result> {
    const effects: (() => void)[] = [];
    const run = (manager: EntityManager) => work(manager, (effect) => void effects.push(effect));
    const result = await (this.isSqlite
      ? this.serialized(run)
      : this.connections.writer.transaction("READ COMMITTED", run));
    runEffects(effects);
    return result;
  }

  /** Reads a row and locks it until the transaction ends. */
  lock<Entity extends ObjectLiteral>(
    manager: EntityManager,
    entity: EntityTarget<Entity>,
    where: FindOptionsWhere<Entity>,
  ): Promise<Entity | null> {
    return manager.findOne(entity, { where, ...(this.isSqlite ? {} : { lock: { mode: "pessimistic_write" } }) });
  }

  /** @throws UNAVAILABLE if the database does not answer in time */
  async ping(): Promise<void> {
    await this.read.query("SELECT 1");
  }

  async close(): Promise<void> {
    await this.backgroundDatabase?.close();
    const { reader, writer } = this.connections;
    for (const each of [reader, writer]) if (each.isInitialized) await each.destroy();
  }

  private serialized<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.writeLock.runExclusive(async () => {
      try {
        return await this.connections.writer.transaction(work);
      } catch (error) {
        await endTransaction(this.connections.writer);
        throw error;
      }
    });
  }

  private get isSqlite(): boolean {
    return this.connections.writer.options.type === "better-sqlite3";
  }
}

const isConflict = (error: unknown): boolean => isLockConflict(error) || isBusy(error);

function runEffects(effects: readonly (() => void)[]): void {
  for (const effect of effects) {
    try {
      effect();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}

/** Whether a unique index rejected the row. Only the database can decide that without a race. */
export const isDuplicate = (error: unknown): boolean =>
  ["ER_DUP_ENTRY", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"].includes(codeOf(error));

/** Whether a foreign key of the row references a missing row. */
export const isOrphan = (error: unknown): boolean =>
  ["ER_NO_REFERENCED_ROW", "ER_NO_REFERENCED_ROW_2", "SQLITE_CONSTRAINT_FOREIGNKEY"].includes(codeOf(error));

/** For `.catch()`: replaces a constraint violation with the error of the caller. */
export const translateConstraintErrors =
  (errors: { duplicate?: () => Error; orphan?: () => Error }) =>
  (error: unknown): never => {
    if (errors.duplicate && isDuplicate(error)) throw errors.duplicate();
    if (errors.orphan && isOrphan(error)) throw errors.orphan();
    throw error;
  };
