import type { EntityManager } from "typeorm";
import type { FairShare } from "../process/fair-scheduler";
import type { StatementQueue } from "./statement-queue";

/** A query runner that counts the statements of a transaction, between those that begin and end it. */
export interface StatementCounting {
  counter?: FairShare["counter"];
}

/** The connections for one kind of work, whose statements run in fair turns. */
export interface Connections {
  readonly isSqlite: boolean;
  /** Runs work in a transaction when its turn comes. @returns once it is committed */
  transaction<Result>(share: FairShare, work: (manager: EntityManager) => Promise<Result>): Promise<Result>;
  /** The queue of queries; on MySQL that of transactions too. */
  readonly reads: StatementQueue;
  /** The queue of transactions. */
  readonly writes: StatementQueue;
  /** @returns for queries of any size */
  reader(share: FairShare): EntityManager;
  /** @returns for queries that find a row by a unique key, or a page of short rows by an index */
  lookup(share: FairShare): EntityManager;
  close(): Promise<void>;
}
