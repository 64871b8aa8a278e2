import { type EntityManager, LessThan } from "typeorm";
import { App } from "../../app/app.entity";
import type { AfterCommit, Database } from "../../../platform/database/database";
import { idAt } from "../../../platform/database/ids";
import { Document } from "../../document/document.entity";
import type { Instance } from "../../../platform/instance/instance";
import { Session } from "../../session/session.entity";
import { Run } from "../run.entity";
import { failure, type RunStore } from "./run-store";

export interface RunClaimLimits {
  /** How long a run waits for documents that are being processed. */
  readonly maxReadWaitSeconds: number;
}

interface Candidate {
  /** The next run of an app. Null if each queued run of the app has to wait. */
  readonly runId: string | null;
  /** How many runs of the app may run in parallel. Null: any number. */
  readonly runsAtOnce: number | null;
}

/** A run that this instance has claimed, or why there is none: the queue is empty, or all runs in it have to wait. */
export type Claim = { readonly run: Run } | "NOTHING" | "LATER";

const documentsNotReady = failure(
  "DOCUMENTS_NOT_READY",
  "Documents of this session are still being processed. Execute the agent again later.",
);

/** How many candidates one round tries, and how many rounds there are if other instances claim all of them first. */
const [maxCandidates, maxRounds] = [10, 5];

/**
 * Selects the next run and claims it: one run per session, in the order of arrival, once the session's documents are
 * processed, and not more of an app in parallel than its limit. The app with the fewest running runs comes first; among
 * equals, the app whose last start is the longest ago.
 */
export class RunClaims {
  constructor(
    private readonly db: Database,
    private readonly store: RunStore,
    private readonly instance: Instance,
    private readonly limits: RunClaimLimits,
  ) {}

  async next(): Promise<Claim> {
    for (let round = 0; round < maxRounds; round++) {
      const cutoff = this.documentWaitCutoff;
      const candidates = await this.db.read.query<Candidate[]>(candidatesByApp, [cutoff, cutoff, maxCandidates]);
      const ready = candidates.flatMap(({ runId, runsAtOnce }) => (runId === null ? [] : { runId, runsAtOnce }));
      if (ready.length === 0) return candidates.length === 0 ? "NOTHING" : "LATER";

      for (const { runId, runsAtOnce } of ready) {
        const run = await this.db.transaction((manager, afterCommit) =>
          this.claim(manager, afterCommit, runId, runsAtOnce),
        );
        if (run && run !== "ENDED") return { run };
      }
    }
    return "LATER";
  }

  /** A run with an older id no longer waits for documents with older ids. */
  private get documentWaitCutoff(): string {
    return idAt(Date.now() - this.limits.maxReadWaitSeconds * 1_000);
  }

  /** Claims or ends a run, if it is still the next one now that its session is locked. */
  private async claim(
    manager: EntityManager,
    afterCommit: AfterCommit,
    id: string,
    runsAtOnce: number | null,
  ): Promise<Run | "ENDED" | undefined> {
    const run = await manager.findOneBy(Run, { id, status: "QUEUED" });
    if (!run || !(await this.instance.isKnown(manager)) || !(await this.isNext(manager, run))) return undefined;

    const processing = { sessionId: run.sessionId, status: "PROCESSING" } as const;
    const newest = await manager.findOne(Document, { where: processing, order: { id: "DESC" } });
    if (newest) {
      const cutoff = this.documentWaitCutoff;
      if (id >= cutoff || newest.id >= cutoff) return undefined;
      return (await this.store.endWithin(manager, afterCommit, id, documentsNotReady)) ? "ENDED" : undefined;
    }
    if (runsAtOnce !== null && !(await this.hasCapacity(manager, run.appId, runsAtOnce))) return undefined;
    return this.store.startWithin(manager, afterCommit, run, this.instance.id);
  }

  private async isNext(manager: EntityManager, { id, sessionId }: Run): Promise<boolean> {
    if (!(await this.db.lock(manager, Session, { id: sessionId }))) return false;
    const ahead = [
      { sessionId, status: "RUNNING" },
      { sessionId, status: "QUEUED", id: LessThan(id) },
    ] as const;
    return !(await manager.exists(Run, { where: [...ahead] }));
  }

  /** Locks the app, so that concurrent claims do not exceed its limit together. */
  private async hasCapacity(manager: EntityManager, appId: string, runsAtOnce: number): Promise<boolean> {
    await this.db.lock(manager, App, { id: appId });
    return (await manager.countBy(Run, { appId, status: "RUNNING" })) < runsAtOnce;
  }
}

/**
 * The next run of each app, in the order in which the apps are served. Reads one index entry for each queued run, and
 * little more than the rows that it returns.
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
  LEFT JOIN (SELECT appId, COUNT(*) AS total FROM run WHERE status = 'RUNNING' GROUP BY appId) AS running
    ON running.appId = waiting.appId
  WHERE app.deletedAt IS NULL AND (app.maxRunningRuns IS NULL OR COALESCE(running.total, 0) < app.maxRunningRuns)
  ORDER BY
    runId IS NULL,
    COALESCE(running.total, 0),
    (
      SELECT served.startedAt FROM run AS served
      WHERE served.appId = waiting.appId ORDER BY served.startedAt DESC LIMIT 1
    ),
    runId
  LIMIT ?`;
