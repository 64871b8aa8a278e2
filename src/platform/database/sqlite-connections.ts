import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { DataSource, EntityManager, QueryRunner } from "typeorm";
import type { FairShare } from "../process/fair-scheduler";
import type { Connections } from "./connections";
import { busyTimeoutMs, createDataSource, createReader, type Entities } from "./data-source";
import type { SqliteConfig } from "./database-config";
import { migrate } from "./migrate";
import { SqliteReadRunner, wrapSqliteStatements } from "./sqlite-query-runner";
import { SqliteTransactions } from "./sqlite-transactions";
import { SqliteWorkers } from "./sqlite-workers";
import { StatementQueue } from "./statement-queue";
import { TurnBudget } from "./turn-budget";

/** A transaction waits for those of others for this time at most. */
const maxWriteWaitMs = 10_000;
const maxWaitingWrites = 8_000;
const maxWaitingReads = 4_000;

/** The state that the connections of a process to one file share. */
export interface SqliteFile {
  readonly path: string;
  readonly writer: DataSource;
  /** On the connection for changes, queries would see the uncommitted changes of the transaction that is open there. */
  readonly reader: DataSource;
  /** Executes queries of the reader on the thread of the event loop. */
  readonly lookup: EntityManager;
  readonly transactions: SqliteTransactions;
  /** The queue of transactions. */
  readonly writes: StatementQueue;
}

/** Opens the file and migrates the schema. */
export async function openSqlite(config: SqliteConfig, entities: Entities): Promise<SqliteFile> {
  // TypeORM would create the directory too, but readable by everybody.
  await mkdir(dirname(config.path), { recursive: true, mode: 0o700 });
  const [writer, reader] = [await createDataSource(config, entities), createReader(config, entities)];
  const budget = new TurnBudget();
  for (const each of [writer, reader]) wrapSqliteStatements(each, budget);
  await writer.initialize();
  await migrate(writer);
  await writer.query(`PRAGMA busy_timeout = ${busyTimeoutMs.running}`);
  await reader.initialize();
  const writes = new StatementQueue({ total: 1, perApp: 1, perLane: 1, maxWaiting: maxWaitingWrites });
  const lookup = reader.createEntityManager(reader.createQueryRunner());
  return { path: config.path, writer, reader, lookup, transactions: new SqliteTransactions(writer), writes };
}

/**
 * SQLite has one connection for changes, whose transactions run one after the other. Its statements hold the event loop,
 * which is why queries that may take long run in worker threads. A query by a unique key, or of a page of short rows, takes
 * less time than to hand it to another thread.
 */
export class SqliteConnections implements Connections {
  readonly isSqlite = true;
  private readonly workers: SqliteWorkers;
  readonly reads: StatementQueue;

  /** @param size the number of queries at once */
  constructor(
    private readonly file: SqliteFile,
    size: number,
    private readonly timeoutMs: number,
  ) {
    // Twice as many, as a worker whose query takes too long is replaced before it ends.
    this.workers = new SqliteWorkers({ path: file.path, busyTimeoutMs: busyTimeoutMs.running }, 2 * size);
    this.reads = new StatementQueue({ total: size, perApp: size, perLane: size, maxWaiting: maxWaitingReads });
  }

  get writes(): StatementQueue {
    return this.file.writes;
  }

  async transaction<Result>(share: FairShare, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    // The next transaction may run while this one waits for its commit.
    const { outcome } = await this.writes.run(share, maxWriteWaitMs, () => this.file.transactions.run(work));
    return outcome;
  }

  reader(share: FairShare): EntityManager {
    const { reader } = this.file;
    const runner = new SqliteReadRunner(reader, (statement, parameters) =>
      this.reads.run(share, this.timeoutMs, (remainingMs) =>
        this.workers.query({ statement, parameters }, remainingMs),
      ),
    );
    return reader.createEntityManager(runner as QueryRunner);
  }

  lookup({ counter }: FairShare): EntityManager {
    if (counter) counter.statements++;
    return this.file.lookup;
  }

  /** Closes the workers; the connections of the process are closed once for all. */
  async close(): Promise<void> {
    await this.workers.close();
    for (const each of [this.file.reader, this.file.writer]) if (each.isInitialized) await each.destroy();
  }
}
