import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { type EntityManager, In } from "typeorm";
import type { Database } from "../database/database";
import { newId } from "../database/ids";
import type { Duties, Instance, InstanceTimings } from "./instance";
import { InstanceRow } from "./instance.entity";

/**
 * One of several instances. Each one increments its own heartbeat in the database, and checks those of the others. The
 * time without a heartbeat is measured by the monotonic clock of the observer, so clocks are never compared.
 */
export class ClusterInstance implements Instance {
  readonly hasOthers = true;
  private current = newId();
  private isRegistered = false;
  private heartbeatAt = performance.now();
  private checkedAt = performance.now();
  private readonly heartbeats = new Map<string, { readonly beat: number; readonly since: number }>();
  private readonly closing = new AbortController();
  private work: Promise<unknown> = Promise.resolve();
  private watchdog: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: Database,
    private readonly timings: InstanceTimings,
    private readonly log: Logger,
  ) {}

  get id(): string {
    return this.current;
  }

  open(): Promise<void> {
    return this.register();
  }

  start({ onLost, takeOver }: Duties): Promise<void> {
    this.watchdog = setInterval(() => {
      if (performance.now() - this.heartbeatAt > this.timings.selfLostAfterMs) this.lose(onLost);
    }, this.timings.heartbeatIntervalMs / 2).unref();
    // Two loops, so that a slow takeover does not delay the heartbeat.
    this.work = Promise.all([
      this.repeatedly(async () => {
        await this.writeHeartbeat(onLost);
        await this.expireOthers();
      }),
      this.repeatedly(async () => {
        await takeOver();
      }),
    ]);
    return Promise.resolve();
  }

  isKnown(manager: EntityManager): Promise<boolean> {
    return manager.existsBy(InstanceRow, { id: this.current });
  }

  async deadAmong(ids: readonly (string | null)[]): Promise<ReadonlySet<string | null>> {
    const dead = new Set(ids);
    const candidates = [...dead].filter((id) => id !== null);
    if (candidates.length === 0) return dead;
    const alive = await this.db.read.find(InstanceRow, { where: { id: In(candidates) }, select: { id: true } });
    for (const { id } of alive) dead.delete(id);
    return dead;
  }

  async close(): Promise<void> {
    this.closing.abort();
    clearInterval(this.watchdog);
    await this.work;
    await this.db
      .transaction((manager) => manager.delete(InstanceRow, { id: this.current }))
      .catch((error: unknown) => this.log.error({ err: error }, "failed to unregister the instance"));
  }

  private async repeatedly(work: () => Promise<void>): Promise<void> {
    while (!this.closing.signal.aborted) {
      try {
        await work();
      } catch (error) {
        this.log.error({ err: error }, "failed to write or check heartbeats; retrying");
      }
      await delay(this.timings.heartbeatIntervalMs, undefined, { signal: this.closing.signal }).catch(() => undefined);
    }
  }

  private async writeHeartbeat(onLost: () => void): Promise<void> {
    const { current } = this;
    if (!this.isRegistered) return this.register();

    const { affected } = await this.db.transaction((manager) =>
      manager.update(InstanceRow, { id: current }, { beat: () => "beat + 1" }),
    );
    if (current !== this.current) return;
    if (affected === 1) this.heartbeatAt = performance.now();
    else this.lose(onLost);
  }

  private async register(): Promise<void> {
    const row = { id: this.current, beat: 0, startedAt: new Date() };
    await this.db.transaction((manager) => manager.insert(InstanceRow, row));
    this.isRegistered = true;
    this.heartbeatAt = performance.now();
    this.log.info({ instanceId: row.id }, "registered the instance");
  }

  /** Other instances may take over the work of this id now, so it is abandoned, and further work has a new id. */
  private lose(onLost: () => void): void {
    if (!this.isRegistered) return;
    this.isRegistered = false;
    const lostId = this.current;
    this.current = newId();
    this.log.warn({ instanceId: lostId }, "missed too many heartbeats; aborting all work");
    onLost();
  }

  /** Expires the instances without a recent heartbeat. */
  private async expireOthers(): Promise<void> {
    const now = performance.now();
    // If this instance was paused or had no database, it can't tell how long the others had no heartbeat.
    if (now - this.checkedAt > 3 * this.timings.heartbeatIntervalMs) this.heartbeats.clear();
    const rows = await this.db.read.find(InstanceRow);
    this.checkedAt = performance.now();

    const found = new Set(rows.map(({ id }) => id));
    for (const id of this.heartbeats.keys()) if (!found.has(id)) this.heartbeats.delete(id);
    for (const { id, beat } of rows) {
      const known = this.heartbeats.get(id);
      if (known?.beat !== beat) this.heartbeats.set(id, { beat, since: this.checkedAt });
      else if (now - known.since > this.timings.deadAfterMs && id !== this.current) await this.expire(id, beat);
    }
  }

  private async expire(id: string, beat: number): Promise<void> {
    const { affected } = await this.db.transaction((manager) => manager.delete(InstanceRow, { id, beat }));
    if (affected) this.log.warn({ instanceId: id }, "an instance missed too many heartbeats and is considered dead");
  }
}
