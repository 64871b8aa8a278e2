import type { DataSource, EntityManager, QueryRunner } from "typeorm";
import type { FairCapacity, FairShare } from "../process/fair-scheduler";
import type { Connections } from "./connections";
import { createDataSource, type Entities } from "./data-source";
import type { MysqlConfig } from "./database-config";
import { migrate } from "./migrate";
import { limitStatementTime, QueuedQueryRunner } from "./mysql-timeouts";
import { StatementQueue } from "./statement-queue";

/** If a statement takes 18 ms, all waiting requests get a connection within two seconds. */
const queuePerConnection = 100;

/** Migrates the schema, without a timeout for statements. */
export async function migrateMysql(config: MysqlConfig, entities: Entities): Promise<void> {
  const migrator = await createDataSource(config, entities);
  await migrator.initialize();
  try {
    await migrate(migrator);
  } finally {
    await migrator.destroy();
  }
}

/** A pool of connections to MySQL or MariaDB, of which each app gets a part, and each key of an app. */
export class MysqlConnections implements Connections {
  readonly isSqlite = false;

  private constructor(
    private readonly writer: DataSource,
    readonly reads: StatementQueue,
    private readonly timeoutMs: number,
  ) {}

  /**
   * @param timeoutMs for a statement, including the wait for a connection
   * @param capacity how many connections each app and each key may use at once
   */
  static async open(
    config: MysqlConfig,
    entities: Entities,
    poolSize: number,
    timeoutMs: number,
    capacity: FairCapacity,
  ): Promise<MysqlConnections> {
    const maxWaiting = poolSize * queuePerConnection;
    const dataSource = await createDataSource(config, entities, {
      size: poolSize,
      maxQueued: maxWaiting,
      connectTimeoutMs: timeoutMs,
      limits: { maxStatementSeconds: Math.ceil(timeoutMs / 1_000) },
    });
    limitStatementTime(dataSource, timeoutMs);
    await dataSource.initialize();
    return new MysqlConnections(dataSource, new StatementQueue({ ...capacity, maxWaiting }), timeoutMs);
  }

  transaction<Result>(share: FairShare, work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    // Without a level of isolation, which would take a statement: each session has READ COMMITTED.
    return this.reads.run(share, this.timeoutMs, () => this.writer.transaction(work));
  }

  get writes(): StatementQueue {
    return this.reads;
  }

  reader(share: FairShare): EntityManager {
    const runner = new QueuedQueryRunner(this.writer, (work) => this.reads.run(share, this.timeoutMs, work));
    return this.writer.createEntityManager(runner as QueryRunner);
  }

  lookup(share: FairShare): EntityManager {
    return this.reader(share);
  }

  async close(): Promise<void> {
    if (this.writer.isInitialized) await this.writer.destroy();
  }
}
