import { type EntityManager, LessThan } from "typeorm";
import { App } from "../app/app.entity";
import type { Limits } from "../config";
import type { Database } from "../database/database";
import { idAt } from "../database/ids";
import { Document } from "../document/document.entity";
import type { Instance } from "../instance/instance";
import { Session } from "../session/session.entity";
import { Run } from "./run.entity";
import type { RunNews } from "./run-news";
import { failure, type RunRecord } from "./run-record";

interface Candidate {
  /** Of the run of an app that could be begun. Null where each of those that wait has to wait on. */
  readonly runId: string | null;
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
    private readonly record: RunRecord,
    private readonly news: RunNews,
    private readonly instance: Instance,
    private readonly limits: Limits,
  ) {}

  async next(): Promise<Claim> {
    for (let round = 0; round < rounds; round++) {
      const candidates = await this.db.read.query<Candidate[]>(candidatesByApp, [this.patienceEnd, most]);
      const ids = candidates.flatMap(({ runId }) => runId ?? []);
      if (ids.length === 0) return candidates.length === 0 ? "NOTHING" : "LATER";

      for (const id of ids) {
        const run = await this.db.transaction((manager) => this.claim(manager, id));
        if (!run) continue;
        this.news.publish(id);
        if (run.status === "RUNNING") return { run };
      }
    }
    return "LATER";
  }

  /** A run whose id is older waits for no document any longer. */
  private get patienceEnd(): string {
    return idAt(Date.now() - this.limits.maxReadWaitSeconds * 1_000);
  }

  /**
   * Begins a run, if it still is the next one now that nobody else can begin any of its session.
   *
   * @returns the run if it was begun, or ended since its documents can't be waited for
   */
  private async claim(manager: EntityManager, id: string): Promise<Run | null> {
    const { id: workerId } = this.instance;
    const queued = await manager.findOneBy(Run, { id, status: "QUEUED" });
    if (!queued) return null;
    const { appId, sessionId } = queued;
    if (!(await this.instance.isKnown(manager)) || !(await this.isNext(manager, queued))) return null;

    if (await manager.existsBy(Document, { sessionId, status: "PROCESSING" })) {
      if (id > this.patienceEnd || !(await this.record.endWithin(manager, id, tooLate))) return null;
    } else if (!(await this.hasRoom(manager, appId)) || !(await this.record.beginWithin(manager, id, workerId))) {
      return null;
    }
    return manager.findOneBy(Run, { id });
  }

  private async isNext(manager: EntityManager, { id, sessionId }: Run): Promise<boolean> {
    if (!(await this.db.lock(manager, Session, { id: sessionId }))) return false;
    const ahead = [
      { sessionId, status: "RUNNING" },
      { sessionId, status: "QUEUED", id: LessThan(id) },
    ] as const;
    return !(await manager.exists(Run, { where: [...ahead] }));
  }

  /** Where an app is limited it is held, so that of many at once no more begin than there is room for. */
  private async hasRoom(manager: EntityManager, appId: string): Promise<boolean> {
    const app = await manager.findOneBy(App, { id: appId });
    if (!app || app.limits.runsAtOnce === null) return app !== null;
    await this.db.lock(manager, App, { id: appId });
    return (await manager.countBy(Run, { appId, status: "RUNNING" })) < app.limits.runsAtOnce;
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
        AND (
          run.id < ?
          OR NOT EXISTS (
            SELECT 1 FROM document WHERE document.sessionId = run.sessionId AND document.status = 'PROCESSING'
          )
        )
      ORDER BY run.id LIMIT 1
    ) AS runId
  FROM (SELECT DISTINCT appId FROM run WHERE status = 'QUEUED') AS waiting
  JOIN app ON app.id = waiting.appId
  LEFT JOIN (SELECT appId, COUNT(*) AS number FROM run WHERE status = 'RUNNING' GROUP BY appId) AS begun
    ON begun.appId = waiting.appId
  WHERE app.maxRunningRuns IS NULL OR COALESCE(begun.number, 0) < app.maxRunningRuns
  ORDER BY
    runId IS NULL,
    COALESCE(begun.number, 0),
    (
      SELECT served.startedAt FROM run AS served
      WHERE served.appId = waiting.appId ORDER BY served.startedAt DESC LIMIT 1
    ),
    runId
  LIMIT ?`;
