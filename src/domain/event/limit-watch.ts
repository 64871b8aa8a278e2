import type { Logger } from "pino";
import { type EntityManager, In, IsNull, MoreThan, Not } from "typeorm";
import type { Database } from "../../platform/database/database";
import { type AppLimitUsage, limitUsageOf, unused, usedLimits } from "../app/app-limit-usage";
import { App } from "../app/app.entity";
import { type LimitUse, limitWarningType, type NewEvent } from "./event";
import type { EventOutbox } from "./event-outbox";
import { LimitWarning } from "./limit-warning.entity";

export interface EventTimings {
  /** How often the limits of apps are compared with what they use. */
  readonly limitIntervalMs: number;
}

/** Of a limit. */
const almostAll = 0.8;
/** Apps per query. */
const batchSize = 100;

/** As many runs as may be executed at once are executed whenever there is enough to do. */
const watched = usedLimits.filter((name) => name !== "runsAtOnce");

const server = { kind: "SERVER", id: null, name: "server" } as const;

/**
 * Compares the limits of apps that want events with what they use, and records an event when 80 % of a limit are used; the
 * next one once less was used in between. Changes of data cost nothing that way.
 */
export class LimitWatch {
  private timer: NodeJS.Timeout | undefined;
  private current = Promise.resolve();
  private isClosed = false;

  constructor(
    private readonly db: Database,
    private readonly outbox: Pick<EventOutbox, "add">,
    private readonly timings: EventTimings,
    private readonly log: Pick<Logger, "error">,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.look(), this.timings.limitIntervalMs).unref();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.timer);
    await this.current;
  }

  private look(): void {
    this.current = this.current
      .then(() => this.lookAtAll())
      .catch((error: unknown) => this.log.error({ err: error }, "failed to compare limits with their use; retrying"));
  }

  private async lookAtAll(): Promise<void> {
    for (let last = ""; !this.isClosed;) {
      const apps = await this.db.read.find(App, {
        where: { id: MoreThan(last), eventHost: Not(IsNull()), deletedAt: IsNull() },
        order: { id: "ASC" },
        take: batchSize,
      });
      const ids = apps.map(({ id }) => id);
      const usages = await limitUsageOf(this.db.read, ids);
      const told = await this.db.read.findBy(LimitWarning, { appId: In(ids) });
      for (const app of apps) {
        const before = told.filter(({ appId }) => appId === app.id).map(({ name }) => name);
        const uses = usesOf(app, usages.get(app.id) ?? unused);
        if (!isSame(before, uses)) await this.tell(app.id, uses);
      }
      if (apps.length < batchSize) return;
      last = ids.at(-1) ?? last;
    }
  }

  private tell(appId: string, uses: readonly LimitUse[]): Promise<void> {
    return this.db.transaction(async (manager, afterCommit) => {
      // Locked, so that of several instances one tells it.
      const app = await this.db.lock(manager, App, { id: appId, deletedAt: IsNull() });
      if (!app) return;
      const added = await replaceWarnings(manager, appId, uses);
      await this.outbox.add(
        manager,
        afterCommit,
        added.map((limit) => eventOf(app, limit)),
      );
    });
  }
}

/** The limits of which 80 % or more are used. */
const usesOf = ({ limits }: App, usage: AppLimitUsage): LimitUse[] =>
  watched.flatMap((name) => {
    const [max, used] = [limits[name], usage[name]];
    return max !== null && max > 0 && used >= almostAll * max ? [{ name, max, used }] : [];
  });

const isSame = (before: readonly string[], uses: readonly LimitUse[]): boolean =>
  before.length === uses.length && uses.every(({ name }) => before.includes(name));

/** @returns those that were not told before */
async function replaceWarnings(
  manager: EntityManager,
  appId: string,
  uses: readonly LimitUse[],
): Promise<readonly LimitUse[]> {
  const told = (await manager.findBy(LimitWarning, { appId })).map(({ name }) => name);
  const over = told.filter((name) => uses.every((use) => use.name !== name));
  const added = uses.filter(({ name }) => !told.includes(name));
  if (over.length > 0) await manager.delete(LimitWarning, { appId, name: In(over) });
  if (added.length > 0)
    await manager.insert(
      LimitWarning,
      added.map(({ name }) => ({ appId, name })),
    );
  return added;
}

const eventOf = ({ id, name }: App, limit: LimitUse): NewEvent => ({
  appId: id,
  type: limitWarningType,
  at: new Date(),
  subject: { type: "APP", id, name },
  actor: server,
  limit,
});
