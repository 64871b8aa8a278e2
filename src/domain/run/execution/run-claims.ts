import { type EntityManager, LessThan } from "typeorm";
import { App } from "../../app/app.entity";
import type { Limits } from "../../../config";
import type { Database } from "../../../platform/database/database";
import { idAt } from "../../../platform/database/ids";
import { Document } from "../../document/document.entity";
import type { Instance } from "../../../platform/instance/instance";
import { Session } from "../../session/session.entity";
import { Run } from "../run.entity";
import type { RunNotifier } from "./run-notifier";
import { failure, type RunStore } from "./run-store";

interface Candidate {
  /** Of the run of an app that could be begun. Null where each of those that wait has to wait on. */
  readonly runId: string | null;
  /** How many of the app may run at once. */
  readonly runsAtOnce: number | null;
}

/** What there is to be begun: a run that now is ours, nothing at all, or something later. */
export type Claim = { readonly run: Run } | "NOTHING" | "LATER";

const tooLate = failure(
  "DOCUMENTS_NOT_READY",
  "Documents of this session are still being read. Execute it again later.",
);

/** How many candidates are tried, and how often those are looked for that others have not begun meanwhile. */
const [most, rounds] = [10, 5];

/**
 * Decides which run is begun next, and by whom: one at a time in a session, in the order of arrival, once its documents
 * have been read, and no more of an app at once than it may have. The app that has the fewest running comes first; of
 * those that have as many, the one that was served the longest time ago.
 */
export class RunClaims {
  constructor(
    private readonly db: Database,
    private readonly record: RunStore,
    private readonly news: RunNotifier,
    private readonly instance: Instance,
    private readonly limits: Limits,
  ) {}

  async next(): Promise<Claim> {
    for (let round = 0; round < rounds; round++) {
      const candidates = await this.db.read.query<Candidate[]>(candidatesByApp, [
        this.patienceEnd,
        this.patienceEnd,
        most,
      ]);
      const ready = candidates.flatMap(({ runId, runsAtOnce }) => (runId === null ? [] : { runId, runsAtOnce }));
      if (ready.length === 0) return candidates.length === 0 ? "NOTHING" : "LATER";

      for (const { runId, runsAtOnce } of ready) {
        const run = await this.db.transaction((manager) => this.claim(manager, runId, runsAtOnce));
        if (!run) continue;
        this.news.publish(runId);
        if (run !== "ENDED") return { run };
      }
    }
    return "LATER";
  }

  /** A run with an older id waits no longer for documents with older ids. */
  private get patienceEnd(): string {
    return idAt(Date.now() - this.limits.maxReadWaitSeconds * 1_000);
  }

  /** Begins a run, or ends it, if it is still the next one now that nobody else can begin any of its session. */
  private async claim(
    manager: EntityManager,
    id: string,
    runsAtOnce: number | null,
  ): Promise<Run | "ENDED" | undefined> {
    const run = await manager.findOneBy(Run, { id, status: "QUEUED" });
    if (!run || !(await this.instance.isKnown(manager)) || !(await this.isNext(manager, run))) return undefined;

    const beingRead = { sessionId: run.sessionId, status: "PROCESSING" } as const;
    const newest = await manager.findOne(Document, { where: beingRead, order: { id: "DESC" } });
    if (newest) {
      if (id >= this.patienceEnd || newest.id >= this.patienceEnd) return undefined;
      return (await this.record.endWithin(manager, id, tooLate)) ? "ENDED" : undefined;
    }
    if (runsAtOnce !== null && !(await this.hasRoom(manager, run.appId, runsAtOnce))) return undefined;
    return this.record.startWithin(manager, run, this.instance.id);
  }

  private async isNext(manager: EntityManager, { id, sessionId }: Run): Promise<boolean> {
    if (!(await this.db.lock(manager, Session, { id: sessionId }))) return false;
    const ahead = [
      { sessionId, status: "RUNNING" },
      { sessionId, status: "QUEUED", id: LessThan(id) },
    ] as const;
    return !(await manager.exists(Run, { where: [...ahead] }));
  }

  /** The app is held, so that of many at once no more begin than there is room for. */
  private async hasRoom(manager: EntityManager, appId: string, runsAtOnce: number): Promise<boolean> {
    await this.db.lock(manager, App, { id: appId });
    return (await manager.countBy(Run, { appId, status: "RUNNING" })) < runsAtOnce;
  }
}

/**
 * The first run of each app that could be begun, in the order in which the apps have their turn. Reads one entry of an
 * index for each run that waits, and little more than what it finds.
 */
const candidatesByApp = `
  SELECT
    (
      SELECT run.id FROM run
      WHERE run.status = 'QUEUED' AND run.appId = waiting.appId
        AND NOT EXISTS (
          SELECT 1 FROM run AS current WHERE current.sessionId = run.sessionId AND current.status = 'RUNNING'
        )
        AND NOT EXISTS (
          SELECT 1 FROM run AS earlier
          WHERE earlier.sessionId = run.sessionId AND earlier.status = 'QUEUED' AND earlier.id < run.id
        )
        AND NOT EXISTS (
          SELECT 1 FROM document
          WHERE document.sessionId = run.sessionId AND document.status = 'PROCESSING'
            AND (run.id >= ? OR document.id >= ?)
        )
      ORDER BY run.id LIMIT 1
    ) AS runId,
    app.maxRunningRuns AS runsAtOnce
  FROM (SELECT DISTINCT appId FROM run WHERE status = 'QUEUED') AS waiting
  JOIN app ON app.id = waiting.appId
  LEFT JOIN (SELECT appId, COUNT(*) AS number FROM run WHERE status = 'RUNNING' GROUP BY appId) AS begun
    ON begun.appId = waiting.appId
  WHERE app.deletedAt IS NULL AND (app.maxRunningRuns IS NULL OR COALESCE(begun.number, 0) < app.maxRunningRuns)
  ORDER BY
    runId IS NULL,
    COALESCE(begun.number, 0),
    (
      SELECT served.startedAt FROM run AS served
      WHERE served.appId = waiting.appId ORDER BY served.startedAt DESC LIMIT 1
    ),
    runId
  LIMIT ?`;
