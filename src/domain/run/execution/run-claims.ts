import { type EntityManager, In, LessThan } from "typeorm";
import { App } from "../../app/app.entity";
import type { AfterCommit, Database } from "../../../platform/database/database";
import { idAt } from "../../../platform/database/ids";
import { Document } from "../../document/document.entity";
import { FairScheduler, type FairShare } from "../../../platform/process/fair-scheduler";
import type { Instance } from "../../../platform/instance/instance";
import { Session } from "../../session/session.entity";
import { Run } from "../run.entity";
import { lostWorkOf } from "../../api-key/lost-work";
import type { RunEnds } from "./run-ends";
import { failure } from "./run-outcome";
import type { RunRevocations } from "./run-revocations";
import type { RunStore } from "./run-store";

export interface RunClaimLimits {
  /** A run waits at most this long for documents that are being processed. */
  readonly maxReadWaitSeconds: number;
  readonly maxRunningRuns: number;
}

/** The queued runs that a key of an app has started. */
interface Lane {
  readonly appId: string;
  /** Null: the runs that no key has started. */
  readonly apiKeyId: string | null;
  /** The next of the runs. Null if each of them has to wait. */
  readonly runId: string | null;
  /** Null: any number. */
  readonly runsAtOnce: number | null;
}

/** The limits on the number of runs that are executed. */
export interface RunsAtOnce {
  /** Null: any number. */
  readonly ofApp: number | null;
  /** Whether there is a limit of the key or of its scope. */
  readonly hasHolderLimit: boolean;
}

/** A run that this instance has claimed, or why there is none: the queue is empty, or all runs in it have to wait. */
export type Claim = { readonly run: Run } | "NOTHING" | "LATER";

const documentsNotReady = failure(
  "DOCUMENTS_NOT_READY",
  "Documents of this session are still being processed. Execute the agent again later.",
);

/** Another round follows if other instances claim the runs of all lanes first. */
const [maxLanes, maxRounds] = [500, 5];

/**
 * Selects the next run and claims it: one run per session, in the order of arrival, once the session's documents are
 * processed, and not more of an app in parallel than its limit or its share of this instance. The app with the fewest
 * running runs comes first; among equals, the app whose last start is the longest ago; within an app likewise by key.
 */
export class RunClaims {
  private readonly scheduler = new FairScheduler({
    total: this.limits.maxRunningRuns,
    perApp: this.limits.maxRunningRuns,
    perLane: this.limits.maxRunningRuns,
  });

  constructor(
    private readonly db: Database,
    private readonly store: Pick<RunStore, "startWithin">,
    private readonly ends: Pick<RunEnds, "endWithin">,
    private readonly revocations: RunRevocations,
    private readonly instance: Instance,
    private readonly limits: RunClaimLimits,
  ) {}

  /** @param inProgress the share that each active run of this instance takes */
  async next(inProgress: readonly FairShare[]): Promise<Claim> {
    for (let round = 0; round < maxRounds; round++) {
      const cutoff = this.documentWaitCutoff;
      const lanes = await this.db.read.query<Lane[]>(this.nextByLane, [cutoff, cutoff, maxLanes]);
      if (lanes.length === 0) {
        // Of an app at its limit, which may be raised at any time.
        return (await this.db.read.existsBy(Run, { status: "QUEUED" })) ? "LATER" : "NOTHING";
      }
      const ready = new Set(lanes.flatMap((lane) => (hasRun(lane) ? [{ ...lane, ...shareOf(lane) }] : [])));
      const nextShare = () => this.scheduler.next([...ready], inProgress, 1)[0];

      let next = nextShare();
      if (!next) return "LATER";
      for (; next; next = nextShare()) {
        const { runId, runsAtOnce } = next;
        ready.delete(next);
        const run = await this.db.transaction((manager, afterCommit) =>
          this.claim(manager, afterCommit, runId, runsAtOnce),
        );
        if (run && run !== "ENDED") return { run };
      }
    }
    return "LATER";
  }

  /** Whether a run of this share may take a slot that no queued run is due for. It counts as served then. */
  admits(share: FairShare, inProgress: readonly FairShare[]): boolean {
    return this.scheduler.next([share], inProgress, 1).length > 0;
  }

  /** Whether a run that a transaction adds can be executed beside those that are, by the limits on their number. */
  async hasRoom(manager: EntityManager, run: Run, { ofApp, hasHolderLimit }: RunsAtOnce): Promise<boolean> {
    if (!(await this.instance.isKnown(manager))) return false;
    if (ofApp !== null && !(await this.hasCapacity(manager, run.appId, ofApp))) return false;
    return !hasHolderLimit || (await this.hasHolderCapacity(manager, run));
  }

  private get nextByLane(): string {
    return nextByLane(this.db.read.dataSource.options.type === "mysql" ? "<=>" : "IS");
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
    const run = await manager
      .createQueryBuilder(Run, "run")
      .addSelect("run.eventBytes")
      .where({ id, status: "QUEUED" })
      .getOne();
    if (!run || !(await this.instance.isKnown(manager)) || !(await this.isNext(manager, run))) return undefined;

    for (const { apiKeyId, agentId } of await lostWorkOf(manager, [run])) {
      const ended = await this.revocations.revokeWithin(manager, afterCommit, { apiKeyId, agentId });
      return ended.length > 0 ? "ENDED" : undefined;
    }

    const chosen = run.documentIds === null ? {} : { id: In(run.documentIds) };
    const processing = { sessionId: run.sessionId, status: "PROCESSING", ...chosen } as const;
    const newest = await manager.findOne(Document, { where: processing, order: { id: "DESC" } });
    if (newest) {
      const cutoff = this.documentWaitCutoff;
      if (id >= cutoff || newest.id >= cutoff) return undefined;
      return (await this.ends.endWithin(manager, afterCommit, id, documentsNotReady)) ? "ENDED" : undefined;
    }
    if (runsAtOnce !== null && !(await this.hasCapacity(manager, run.appId, runsAtOnce))) return undefined;
    if (!(await this.hasHolderCapacity(manager, run))) return undefined;
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

  /** Likewise for the limits of the key that started the run, and of its scope. */
  private async hasHolderCapacity(manager: EntityManager, { appId, apiKeyId }: Run): Promise<boolean> {
    if (apiKeyId === null) return true;
    const load = async () => (await manager.query<HolderLoad[]>(holderLoad, [apiKeyId]))[0];
    const first = await load();
    if (!first || (first.keyMax === null && first.scopeMax === null)) return true;
    await this.db.lock(manager, App, { id: appId });
    const { keyMax, scopeMax, ofKey, ofScope } = (await load()) ?? first;
    return (keyMax === null || Number(ofKey) < keyMax) && (scopeMax === null || Number(ofScope) < scopeMax);
  }
}

interface HolderLoad {
  readonly keyMax: number | null;
  readonly scopeMax: number | null;
  readonly ofKey: number | string;
  readonly ofScope: number | string;
}

/** Runs take turns by app, and within an app by the key that started them. */
export const shareOf = ({ appId, apiKeyId }: Pick<Run, "appId" | "apiKeyId">): FairShare => ({
  appId,
  lane: apiKeyId ?? "",
});

const hasRun = (lane: Lane): lane is Lane & { readonly runId: string } => lane.runId !== null;

const runningOfKey = (keyId: string) =>
  `(SELECT COUNT(*) FROM run AS busy WHERE busy.status = 'RUNNING' AND busy.apiKeyId = ${keyId})`;

const runningOfScope = (appId: string, scopeId: string) => `(
    SELECT COUNT(*) FROM run AS busy JOIN api_key AS holder ON holder.id = busy.apiKeyId
    WHERE busy.status = 'RUNNING' AND busy.appId = ${appId} AND holder.scopeId = ${scopeId}
  )`;

/** The limits of the key that started a run and of its scope, and how many of their runs are executed. */
const holderLoad = `
  SELECT
    api_key.maxRunningRuns AS keyMax, scope.maxRunningRuns AS scopeMax,
    ${runningOfKey("api_key.id")} AS ofKey, ${runningOfScope("scope.appId", "scope.id")} AS ofScope
  FROM api_key JOIN scope ON scope.id = api_key.scopeId
  WHERE api_key.id = ?`;

/**
 * The next run of each key, in the order in which the apps are served. Reads one index entry for each queued run, and
 * little more than the rows that it returns.
 *
 * @param equals compares values of which both may be null
 */
const nextByLane = (equals: "<=>" | "IS") => `
  SELECT
    waiting.appId AS appId,
    waiting.apiKeyId AS apiKeyId,
    (
      SELECT run.id FROM run
      WHERE run.status = 'QUEUED' AND run.appId = waiting.appId AND run.apiKeyId ${equals} waiting.apiKeyId
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
            AND (run.documentIds IS NULL OR INSTR(run.documentIds, document.id) > 0)
        )
        AND NOT EXISTS (
          SELECT 1 FROM api_key JOIN scope ON scope.id = api_key.scopeId
          WHERE api_key.id = run.apiKeyId
            AND (
              (api_key.maxRunningRuns IS NOT NULL AND api_key.maxRunningRuns <= ${runningOfKey("api_key.id")})
              OR (
                scope.maxRunningRuns IS NOT NULL
                AND scope.maxRunningRuns <= ${runningOfScope("scope.appId", "scope.id")}
              )
            )
        )
      ORDER BY run.id LIMIT 1
    ) AS runId,
    app.maxRunningRuns AS runsAtOnce
  FROM (SELECT DISTINCT appId, apiKeyId FROM run WHERE status = 'QUEUED') AS waiting
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
