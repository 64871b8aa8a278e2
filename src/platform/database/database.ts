import { setTimeout as delay } from "node:timers/promises";
import { Mutex } from "async-mutex";
import type { EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral } from "typeorm";
import type { DatabaseConfig, MysqlConfig, SqliteConfig } from "./database-config";
import { unavailable } from "../../errors";
import { asStartupError } from "../process/startup-error";
import { connectMysql, connectSqlite, type Connections, migrateMysql } from "./connections";
import type { Entities } from "./data-source";
import { codeOf, isBusy, isLockConflict } from "./database-errors";
import { endTransaction } from "./sqlite-query-runner";

/** How long the database is waited for, in milliseconds. */
interface Timeouts {
  /** That a statement may take, with the wait for a connection. */
  readonly statementMs: number;
  /** In which a transaction is done anew that others stood in the way of. */
  readonly transactionMs: number;
}

/** Who calls is answered within two seconds, whatever the database does. */
const requestTimeouts: Timeouts = { statementMs: 1_500, transactionMs: 1_000 };
/** What nobody waits for gives way for longer, and yet comes soon to know that a connection leads nowhere. */
const backgroundTimeouts: Timeouts = { statementMs: 3_000, transactionMs: 15_000 };

/** How long a file that others hold is left alone, in milliseconds. */
const busyRetryDelayMs = 20;

/**
 * Registers an effect that runs once the transaction has committed: in the order of registration, and never after a
 * rollback. Effects are hints such as a notification: they run once at most, and none if the process dies first. An effect
 * that throws does not fail the transaction; its error is emitted as a warning of the process.
 */
export type AfterCommit = (effect: () => void) => void;

export type TransactionWork<Result> = (manager: EntityManager, afterCommit: AfterCommit) => Promise<Result>;

/** The one way to the data: `read` for what changes nothing, `transaction` for what does. */
export class Database {
  private constructor(
    private readonly connections: Connections,
    private readonly timeouts: Timeouts,
    private readonly writeLock: Mutex,
    private readonly backgroundDatabase?: Database,
  ) {}

  /** Connects, and brings the schema up to date. */
  static open(config: DatabaseConfig, entities: Entities): Promise<Database> {
    return (config.type === "sqlite" ? Database.onSqlite(config, entities) : Database.onMysql(config, entities)).catch(
      asStartupError("The database (DATABASE_URL, or else in DATA_DIR) can't be used"),
    );
  }

  private static async onSqlite(config: SqliteConfig, entities: Entities): Promise<Database> {
    const connections = await connectSqlite(config, entities);
    const turn = new Mutex();
    return new Database(connections, requestTimeouts, turn, new Database(connections, backgroundTimeouts, turn));
  }

  private static async onMysql(config: MysqlConfig, entities: Entities): Promise<Database> {
    await migrateMysql(config, entities);
    const forOwnWork = Math.max(2, Math.ceil(config.poolSize / 2));
    const [requests, ownWork] = await Promise.all([
      connectMysql(config, entities, config.poolSize, requestTimeouts.statementMs),
      connectMysql(config, entities, forOwnWork, backgroundTimeouts.statementMs),
    ]);
    return new Database(requests, requestTimeouts, new Mutex(), new Database(ownWork, backgroundTimeouts, new Mutex()));
  }

  /**
   * The same data for what the server does by itself, such as to carry out runs: with connections of its own, so that
   * many requests at once don't take them away, and without anybody who waits for an answer.
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
  async transaction<Result>(work: TransactionWork<Result>): Promise<Result> {
    const startedAt = performance.now();
    for (;;) {
      const effects: (() => void)[] = [];
      const attempt = (manager: EntityManager) => work(manager, (effect) => void effects.push(effect));
      try {
        const result = await (this.isSqlite
          ? this.serialized(attempt)
          : this.connections.writer.transaction("READ COMMITTED", attempt));
        runEffects(effects);
        return result;
      } catch (error) {
        if (!isLockConflict(error) && !isBusy(error)) throw error;
        if (performance.now() - startedAt > this.timeouts.transactionMs) throw unavailable(error);
        if (this.isSqlite) await delay(busyRetryDelayMs);
      }
    }
  }

  /** Reads a row that the transaction is going to change, or to rely on, and holds it until the transaction ends. */
  lock<Entity extends ObjectLiteral>(
    manager: EntityManager,
    entity: EntityTarget<Entity>,
    where: FindOptionsWhere<Entity>,
  ): Promise<Entity | null> {
    return manager.findOne(entity, { where, ...(this.isSqlite ? {} : { lock: { mode: "pessimistic_write" } }) });
  }

  /** @throws where the database does not answer soon */
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

function runEffects(effects: readonly (() => void)[]): void {
  for (const effect of effects) {
    try {
      effect();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }
}

/** Whether a unique index refused the row. Only the database can judge that without a race. */
export const isDuplicate = (error: unknown): boolean =>
  ["ER_DUP_ENTRY", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"].includes(codeOf(error));

/** Whether the row points at one that is not there. */
export const isOrphan = (error: unknown): boolean =>
  ["ER_NO_REFERENCED_ROW", "ER_NO_REFERENCED_ROW_2", "SQLITE_CONSTRAINT_FOREIGNKEY"].includes(codeOf(error));

/** For `.catch()`: says in the caller's words what the database refused. */
export const translateConstraintErrors =
  (words: { duplicate?: () => Error; orphan?: () => Error }) =>
  (error: unknown): never => {
    if (words.duplicate && isDuplicate(error)) throw words.duplicate();
    if (words.orphan && isOrphan(error)) throw words.orphan();
    throw error;
  };
