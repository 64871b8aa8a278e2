import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Mutex } from "async-mutex";
import {
  type DataSource,
  type EntityManager,
  type EntityTarget,
  type FindOptionsWhere,
  type ObjectLiteral,
  QueryFailedError,
} from "typeorm";
import type { DatabaseConfig } from "../config";
import { blaming } from "../start-error";
import { createDataSource, createReader, type Entities } from "./data-source";
import { migrate } from "./migrate";
import { boundLocks } from "./mysql-sessions";
import { endTransaction } from "./sqlite-transactions";

/** How long a database may take to say that it is there, in milliseconds. */
const patience = 2_000;

const deadlocks = new Set(["ER_LOCK_DEADLOCK", "ER_LOCK_WAIT_TIMEOUT"]);

/** The one way to the data: `read` for what changes nothing, `transaction` for what does. */
export class Database {
  private readonly turn = new Mutex();

  private constructor(
    private readonly writer: DataSource,
    private readonly reader: DataSource,
  ) {}

  /** Connects, and brings the schema up to date. */
  static async open(config: DatabaseConfig, entities: Entities): Promise<Database> {
    // TypeORM would make the folder too, but open to everybody.
    if (config.type === "sqlite") await mkdir(dirname(config.path), { recursive: true, mode: 0o700 }).catch(unusable);
    const writer = await createDataSource(config, entities).initialize().catch(unusable);
    await migrate(writer);
    if (config.type === "mysql") await boundLocks(writer);
    const reader = await createReader(config, entities)?.initialize();
    return new Database(writer, reader ?? writer);
  }

  get read(): EntityManager {
    return this.reader.manager;
  }

  /**
   * Does all of the work or none of it. On SQLite transactions wait for each other, as there is one connection; on
   * MySQL a transaction that was the victim of a deadlock is done anew, so the work must have no effects but on the data.
   */
  async transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    if (this.isSqlite) return this.turn.runExclusive(() => this.onSqlite(work));

    for (let attempt = 1; ; attempt++) {
      try {
        return await this.writer.transaction("READ COMMITTED", work);
      } catch (error) {
        if (attempt === 5 || !deadlocks.has(codeOf(error))) throw error;
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
    const silence = delay(patience, undefined, { ref: false }).then(() => {
      throw new Error(`The database has not answered for ${patience} ms`);
    });
    await Promise.race([this.read.query("SELECT 1"), silence]);
  }

  async close(): Promise<void> {
    if (this.reader !== this.writer) await this.reader.destroy();
    await this.writer.destroy();
  }

  private async onSqlite<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    try {
      return await this.writer.transaction(work);
    } catch (error) {
      await endTransaction(this.writer);
      throw error;
    }
  }

  private get isSqlite(): boolean {
    return this.writer.options.type === "better-sqlite3";
  }
}

const unusable = blaming("The database (DATABASE_URL, or else in DATA_DIR) can't be used");

const codeOf = (error: unknown): string =>
  error instanceof QueryFailedError ? String((error.driverError as { code?: unknown }).code) : "";

/** Whether a unique index refused the row. Only the database can judge that without a race. */
export const isDuplicate = (error: unknown): boolean =>
  ["ER_DUP_ENTRY", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"].includes(codeOf(error));

/** Whether the row points at one that is not there. */
export const isOrphan = (error: unknown): boolean =>
  ["ER_NO_REFERENCED_ROW", "ER_NO_REFERENCED_ROW_2", "SQLITE_CONSTRAINT_FOREIGNKEY"].includes(codeOf(error));

/** For `.catch()`: says in the caller's words what the database refused. */
export const refusal =
  (words: { duplicate?: () => Error; orphan?: () => Error }) =>
  (error: unknown): never => {
    if (words.duplicate && isDuplicate(error)) throw words.duplicate();
    if (words.orphan && isOrphan(error)) throw words.orphan();
    throw error;
  };
