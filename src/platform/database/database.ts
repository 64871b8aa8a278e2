import type {
  EntityManager,
  EntityTarget,
  FindManyOptions,
  FindOptionsWhere,
  ObjectLiteral,
  SelectQueryBuilder,
} from "typeorm";
import type { DatabaseConfig, MysqlConfig, SqliteConfig } from "./database-config";
import { unavailable } from "../../errors";
import type { FairShare } from "../process/fair-scheduler";
import { retry } from "../process/retry";
import { asStartupError } from "../process/startup-error";
import type { Connections, StatementCounting } from "./connections";
import type { Entities } from "./data-source";
import { codeOf, isBusy, isLockConflict } from "./database-errors";
import { migrateMysql, MysqlConnections } from "./mysql-connections";
import { lockedRow } from "./locked-row";
import { openSqlite, SqliteConnections } from "./sqlite-connections";

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

/** Work that is done for no app. */
const ownShare: FairShare = { appId: "", lane: "" };

/** Queries at once on SQLite, each in a thread of its own. */
const sqliteReaders = { requests: 2, background: 1, reserved: 1 } as const;

/** The state that databases on the same data share. */
interface Siblings {
  /** On separate connections. */
  background?: Database;
  reserved?: Database;
  participant?: TransactionParticipant;
}

/** Takes part in all transactions of a database. What it throws ends the transaction with nothing changed. */
export interface TransactionParticipant {
  /** Runs at the start of each attempt of a transaction. */
  begin(manager: EntityManager): void;
  /** Runs when the work of an attempt is done, as its last statements before the commit. */
  end(manager: EntityManager, afterCommit: AfterCommit): Promise<void>;
}

/** Runs at the start of each attempt of a transaction, and throws to end it with nothing changed. */
export type TransactionGuard = (manager: EntityManager) => Promise<void>;

/** Gives access to the data: `read` and `lookup` for queries, `transaction` for changes. */
export class Database {
  private reader: EntityManager | undefined;

  private constructor(
    private readonly connections: Connections,
    private readonly timeouts: Timeouts,
    private readonly siblings: Siblings = {},
    private readonly fairShare = ownShare,
    private readonly guard?: TransactionGuard,
  ) {}

  /** Connects and migrates the schema. */
  static open(config: DatabaseConfig, entities: Entities): Promise<Database> {
    return (config.type === "sqlite" ? Database.onSqlite(config, entities) : Database.onMysql(config, entities)).catch(
      asStartupError("The database (DATABASE_URL, or else in DATA_DIR) can't be used"),
    );
  }

  private static async onSqlite(config: SqliteConfig, entities: Entities): Promise<Database> {
    const file = await openSqlite(config, entities);
    const connections = (name: keyof typeof sqliteReaders, { statementMs }: Timeouts) =>
      new SqliteConnections(file, sqliteReaders[name], statementMs);
    return Database.of(
      connections("requests", requestTimeouts),
      connections("background", backgroundTimeouts),
      connections("reserved", requestTimeouts),
    );
  }

  private static async onMysql(config: MysqlConfig, entities: Entities): Promise<Database> {
    await migrateMysql(config, entities);
    const size = config.poolSize;
    const half = Math.max(2, Math.ceil(size / 2));
    const open = (poolSize: number, { statementMs }: Timeouts, perApp: number, perLane: number, total: number) =>
      MysqlConnections.open(config, entities, poolSize, statementMs, { perApp, perLane, total });
    const [requests, background, reserved] = await Promise.all([
      open(size, requestTimeouts, size, Math.ceil(size / 4), size),
      // A scheduler lets one share have half of the total, which is here all that there is, or all but one.
      open(half, backgroundTimeouts, half, half, 2 * half),
      open(half, requestTimeouts, half - 1, half - 1, 2 * half),
    ]);
    return Database.of(requests, background, reserved);
  }

  private static of(requests: Connections, background: Connections, reserved: Connections): Database {
    const siblings: Siblings = {};
    siblings.background = new Database(background, backgroundTimeouts, siblings);
    siblings.reserved = new Database(reserved, requestTimeouts, siblings);
    return new Database(requests, requestTimeouts, siblings);
  }

  /**
   * The same data for background work, such as executing runs. Has separate connections, so that a burst of requests
   * can't starve it, and longer timeouts.
   */
  get background(): Database {
    return this.siblings.background ?? this;
  }

  /**
   * The same data for what must work whatever apps do: to authenticate callers, and what administrators do. Has separate
   * connections.
   */
  get reserved(): Database {
    return this.siblings.reserved ?? this;
  }

  /** The same data and connections, for work that takes turns as a part of this share. */
  sharedBy(share: FairShare): Database {
    return new Database(this.connections, this.timeouts, this.siblings, share, this.guard);
  }

  /** The same data and connections, for work that takes turns with the rest of the share. */
  inLane(lane: string): Database {
    return this.sharedBy({ ...this.fairShare, lane });
  }

  /** For queries. */
  get read(): EntityManager {
    return (this.reader ??= this.connections.reader(this.fairShare));
  }

  /** For queries that find one row by a unique key, or a page of short rows by an index, and load nothing else. */
  get lookup(): EntityManager {
    return this.connections.lookup(this.fairShare);
  }

  /** The same data, with a guard of all transactions: whoever changes data through it can't forget the guard. */
  guardedBy(guard: TransactionGuard): Database {
    return new Database(this.connections, this.timeouts, this.siblings, this.fairShare, guard);
  }

  /** Makes all transactions on the data include the participant, whichever connections they use. */
  joinedBy(participant: TransactionParticipant): void {
    this.siblings.participant = participant;
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
    const afterCommit: AfterCommit = (effect) => void effects.push(effect);
    const run = async (manager: EntityManager) => {
      const { participant } = this.siblings;
      const { counter } = this.fairShare;
      const runner = manager.queryRunner as StatementCounting | undefined;
      if (runner && counter) runner.counter = counter;
      try {
        participant?.begin(manager);
        await this.guard?.(manager);
        const result = await work(manager, afterCommit);
        await participant?.end(manager, afterCommit);
        return result;
      } finally {
        if (runner && counter) runner.counter = undefined;
        // For the statement that ends the transaction; its beginning counts as its turn.
        if (counter) counter.statements++;
      }
    };
    const result = await this.connections.transaction(this.fairShare, run);
    runEffects(effects);
    return result;
  }

  /** Reads a row and locks it until the transaction ends. */
  lock<Entity extends ObjectLiteral>(
    manager: EntityManager,
    entity: EntityTarget<Entity>,
    where: FindOptionsWhere<Entity>,
  ): Promise<Entity | null> {
    return lockedRow(manager, entity, where);
  }

  /** Reads rows and locks them until the transaction ends. */
  lockMany<Entity extends ObjectLiteral>(
    manager: EntityManager,
    entity: EntityTarget<Entity>,
    options: FindManyOptions<Entity>,
  ): Promise<Entity[]> {
    return manager.find(entity, { ...options, ...(this.isSqlite ? {} : { lock: { mode: "pessimistic_write" } }) });
  }

  /**
   * Makes a query of a transaction lock the rows that it reads until the transaction ends: others can read them and lock
   * them in the same way, but not change them. SQLite has one writer anyway.
   */
  share<Entity extends ObjectLiteral>(query: SelectQueryBuilder<Entity>): SelectQueryBuilder<Entity> {
    if (this.isSqlite) return query;
    // TypeORM would write FOR SHARE, which MariaDB does not know.
    return Object.assign(query.setLock("pessimistic_read"), { createLockExpression: () => " LOCK IN SHARE MODE" });
  }

  /** @throws UNAVAILABLE if the database does not answer in time */
  async ping(): Promise<void> {
    await this.read.query("SELECT 1");
  }

  /** The statements and transactions that are in progress and that wait, by the connections that they are for. */
  get load(): readonly { readonly name: string; readonly running: number; readonly waiting: number }[] {
    const { background, reserved } = this.siblings;
    const parts = { requests: this.connections, background: background?.connections, reserved: reserved?.connections };
    const loads = Object.entries(parts).flatMap(([name, each]) => (each ? [{ name, ...each.reads.load }] : []));
    // SQLite has one connection for all changes.
    const { writes } = this.connections;
    return this.isSqlite ? [...loads, { name: "changes", ...writes.load }] : loads;
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    const { background, reserved } = this.siblings;
    for (const each of [background, reserved, this]) await each?.connections.close();
  }

  private get isSqlite(): boolean {
    return this.connections.isSqlite;
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
